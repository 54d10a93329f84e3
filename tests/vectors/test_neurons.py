"""Active neurons are those whose own weights say so, are pooled with later tokens counting more, and cost nothing unless asked for."""

import pytest
import torch

from tests.conftest import make_model, make_tokenizer
from tests.models.architectures import PACKAGES, build, build_package
from tests.vectors.test_architectures import LOADERS
from tli_bench.models.neurons import activation_functions
from tli_bench.vectors.backend import Backend
from tli_bench.vectors.inputs import Framing, encode_words
from tli_bench.vectors.protocols import Pooling

WORDS = ("maji", "nyumba", "кітап", "a")
# Where the first linear map of a feed-forward part is: its output is above 0 exactly where the activation's is.
FIRST_MAP = {
    "llama": "mlp.gate_proj",
    "qwen": "mlp.gate_proj",
    "gemma": "mlp.gate_proj",
    "gpt2": "mlp.c_fc",
    "bert": "intermediate.dense",
}
WITHOUT = {
    "causal LM": {
        "opt", "bloom", "mixtral", "qwen3_moe", "olmoe", "openai-gpt", "deepseek_v3", "gpt_oss", "lfm2", "recurrent_gemma",
    },
    "masked LM": {"albert", "xlm", "flaubert", "longformer", "mobilebert", "xmod", "squeezebert"},
    "encoder": {"xlnet"},
}  # fmt: skip
QUICK = {
    ("causal LM", "llama"),
    ("masked LM", "xlm-roberta"),
    ("causal LM", "bloom"),
    ("causal LM", "mixtral"),
    ("encoder", "xlnet"),
}


def blocks(model):
    base = model.base_model
    return next(found for name in ("layers", "h", "encoder") if (found := getattr(base, name, None)) is not None)


def by_hand(kind, model, ids, own):
    """Active neurons of one sequence `[blocks, neurons]`, from what the first linear map of each block gives to the plain forward."""
    parts, seen = blocks(model), []
    maps = [part.get_submodule(FIRST_MAP[kind]) for part in getattr(parts, "layer", parts)]
    handles = [part.register_forward_hook(lambda _m, _a, output: seen.append(output[0])) for part in maps]
    with torch.no_grad():
        model.eval()(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long))
    for handle in handles:
        handle.remove()
    positions = [i for i, flag in enumerate(own) if flag]
    total = sum(range(1, len(positions) + 1))
    return torch.stack([sum((t + 1) / total * (x[i] > 0).double() for t, i in enumerate(positions)) for x in seen])


@pytest.mark.parametrize("kind", FIRST_MAP)
def test_neurons_are_those_of_the_plain_forward(kind):
    model, tokenizer = make_model(kind), make_tokenizer(bert=kind == "bert")
    found = Backend(model, tokenizer).states(WORDS, Framing(), (Pooling.WORD_MEAN,), neurons=True)
    assert max(sum(item.word) for item in encode_words(tokenizer, WORDS)) > 2
    for item in encode_words(tokenizer, WORDS):
        neurons = found.texts[item.text].neurons
        expected = by_hand(kind, model, item.ids, item.word)
        assert neurons.dtype == torch.float16
        torch.testing.assert_close(neurons.double(), expected, rtol=0, atol=5e-4)
        assert 0.2 < expected.mean() < 0.8


def test_they_do_not_depend_on_the_batch():
    model, tokenizer = make_model("llama"), make_tokenizer()
    one, many = (
        Backend(model, tokenizer, batch_size=size).states(words, Framing(), (Pooling.WORD_MEAN,), neurons=True)
        for size, words in ((1, WORDS), (64, WORDS[::-1]))
    )
    for word in WORDS:
        assert torch.equal(one.texts[word].neurons, many.texts[word].neurons)


def test_nothing_is_watched_unless_they_are_asked_for():
    model, tokenizer = make_model("llama"), make_tokenizer()
    backend = Backend(model, tokenizer)
    hooked = []
    for function in activation_functions(model):
        function.register_forward_hook = lambda hook: hooked.append(hook)
    plain = backend.states(WORDS, Framing(), (Pooling.WORD_MEAN,))
    assert hooked == []
    assert "activations" not in vars(backend)
    assert all(text.neurons is None for text in plain.texts.values())
    for function in activation_functions(make_model("llama")):
        assert not function._forward_hooks


def test_vectors_are_the_same_with_them_and_what_was_kept_without_is_not_taken_for_more():
    backend = Backend(make_model("llama"), make_tokenizer())
    plain = backend.states(WORDS, Framing(), (Pooling.WORD_MEAN,))
    more = backend.states(WORDS, Framing(), (Pooling.WORD_MEAN,), neurons=True)
    for word in WORDS:
        assert torch.equal(plain.texts[word].vectors[Pooling.WORD_MEAN], more.texts[word].vectors[Pooling.WORD_MEAN])
        assert more.texts[word].neurons is not None
    again = backend.states(WORDS, Framing(), (Pooling.WORD_MEAN,), neurons=True)
    assert again.texts["maji"] is more.texts["maji"]


def test_an_adapter_on_the_feed_forward_part_changes_them_for_the_adapted_state_alone():
    from peft import LoraConfig, get_peft_model

    plain = Backend(make_model("llama"), make_tokenizer()).states(WORDS, Framing(), (Pooling.WORD_MEAN,), neurons=True)
    config = LoraConfig(r=4, target_modules=["gate_proj"], init_lora_weights=False)
    backend = Backend(get_peft_model(make_model("llama"), config), make_tokenizer())
    base, adapted = (
        backend.states(WORDS, Framing(), (Pooling.WORD_MEAN,), state=state, neurons=True)
        for state in ("base", "adapted")
    )
    assert torch.equal(base.texts["maji"].neurons, plain.texts["maji"].neurons)
    assert not torch.equal(adapted.texts["maji"].neurons, plain.texts["maji"].neurons)


def marked(cases):
    return [case if case in QUICK else pytest.param(*case, marks=pytest.mark.slow) for case in cases]


@pytest.mark.parametrize(("family", "kind"), marked(LOADERS))
def test_which_architectures_tell_their_neurons(family, kind):
    model = build(kind, LOADERS[family, kind]).eval()
    functions = activation_functions(model)
    assert len(functions) == (0 if kind in WITHOUT[family] else 3)
    assert not any(function._forward_hooks for function in functions)


@pytest.mark.slow
@pytest.mark.parametrize("kind", PACKAGES)
def test_packages_tell_the_neurons_of_their_text_body(kind):
    assert len(activation_functions(build_package(kind).eval())) == 3


def test_an_architecture_that_does_not_tell_is_measured_without():
    model = build("bloom", LOADERS["causal LM", "bloom"]).eval()
    found = Backend(model, make_tokenizer()).states(WORDS, Framing(), (Pooling.WORD_MEAN,), neurons=True)
    assert all(text.neurons is None for text in found.texts.values())
    assert found.texts["maji"].vectors[Pooling.WORD_MEAN].isfinite().all()
