"""Pooled states from trees of shared prefixes equal those of sequences that run apart, and no token runs twice."""

import peft
import pytest
import torch

from tests.conftest import make_model, make_tokenizer
from tests.models.architectures import build
from tli_bench.models.body import body_of
from tli_bench.models.neurons import activation_functions
from tli_bench.models.trees import prefixes, trees
from tli_bench.vectors.backend import Backend
from tli_bench.vectors.batches import CPU_NODES, NODES, batches
from tli_bench.vectors.extract import extract
from tli_bench.vectors.inputs import Framing, encode_words
from tli_bench.vectors.protocols import Pooling

WORDS = ["maji", "majira", "water", "watery", "wa", "kitabu cha watoto", "kitabu", "кітап", "a", "ab", "abc", "ng'ombe"]
LEAD = ". {word}"
AFTER = "say {word} now"


def both(model, encoded, **given):
    given = {"poolings": tuple(Pooling), "first_position": True} | given
    return extract(model, encoded, **given), extract(model, encoded, share=True, **given)


@pytest.mark.parametrize("kind", ["llama", "qwen", "gpt2", "gemma"])
@pytest.mark.parametrize("batch_size", [1, 5, 64])
@pytest.mark.parametrize("template", [None, LEAD, AFTER])
def test_every_pooling_is_the_same_with_shared_prefixes(kind, batch_size, template):
    model = make_model(kind).eval()
    encoded = encode_words(make_tokenizer(), WORDS, template=template)
    apart, shared = both(model, encoded, batch_size=batch_size)
    assert apart.layers == shared.layers
    for pooling in Pooling:
        torch.testing.assert_close(shared.vectors[pooling], apart.vectors[pooling], rtol=1e-5, atol=1e-6)
    for ours, theirs in zip(shared.first.norms, apart.first.norms, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    for row in range(len(WORDS)):
        torch.testing.assert_close(shared.first.included(row), apart.first.included(row), rtol=1e-5, atol=1e-6)
    assert shared.first.origins.shape[1] == 1  # BOS, whose state no word changes
    torch.testing.assert_close(shared.first.excluded, apart.first.excluded, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("first", ["base", "adapted"])
def test_the_check_leaves_the_adapter_as_it_was(first):
    """The first states of a backend, which are those that the check comes before, are those of the state that was asked for."""
    plain = Backend(make_model("llama").eval(), make_tokenizer()).states(WORDS, Framing(), (Pooling.WORD_MEAN,))
    torch.manual_seed(0)
    config = peft.LoraConfig(r=2, target_modules=["q_proj", "down_proj"], init_lora_weights=False)
    backend = Backend(peft.get_peft_model(make_model("llama").eval(), config), make_tokenizer())
    found = {
        state: backend.states(WORDS, Framing(), (Pooling.WORD_MEAN,), state=state)
        for state in (first, "base", "adapted")
    }
    for word in WORDS:
        base, adapted = (found[state].texts[word].vectors[Pooling.WORD_MEAN] for state in ("base", "adapted"))
        torch.testing.assert_close(base, plain.texts[word].vectors[Pooling.WORD_MEAN], rtol=1e-5, atol=1e-6)
        assert not torch.allclose(adapted, base, atol=1e-2)


def test_neurons_are_the_same_with_shared_prefixes():
    model = make_model("llama").eval()
    encoded = encode_words(make_tokenizer(), WORDS, template=LEAD)
    apart, shared = both(model, encoded, neurons=activation_functions(model))
    torch.testing.assert_close(shared.neurons, apart.neurons, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("batch_size", [1, 2, 64])
def test_the_tokens_that_run_are_the_nodes_of_the_trees(batch_size):
    """The distinct prefixes, and of a tree after the first what it repeats of the one before."""
    model, seen = make_model("llama"), []
    body_of(model).register_forward_pre_hook(lambda _m, _a, kw: seen.append(kw["input_ids"].numel()), with_kwargs=True)
    encoded = encode_words(make_tokenizer(), WORDS, template=LEAD)
    extract(model, encoded, batch_size=batch_size, share=True)
    sequences = [item.ids for item in encoded]
    assert seen == [len(tree.ids) for _, tree in trees(sequences, NODES * batch_size)]
    assert sum(seen) < sum(map(len, sequences))
    if batch_size == 64:
        assert seen == [prefixes(sequences)]


def test_without_anything_to_share_sequences_of_one_length_run_side_by_side():
    apart = list(batches([(1, 2), (3, 4), (5, 6, 7)], 64, share=True))
    assert [batch.ids for batch in apart] == [[(1, 2), (3, 4)], [(5, 6, 7)]]
    assert [list(batch.places[-1]) for batch in apart] == [[2, 3], [0, 1, 2]]
    assert [batch.tree for batch in apart] == [None, None]
    (packed,) = batches([(1, 2), (1, 4), (1, 2, 7)], 64, share=True)
    assert packed.ids == [(1, 2, 7, 4)]
    assert packed.tokens == 4


def test_trees_are_no_larger_on_a_cpu_than_pays_there():
    sequences = [(1, 2, a, b) for a in range(50) for b in range(50)]
    on_cpu, on_gpu = ([*batches(sequences, 256, share=True, device=device)] for device in ("cpu", "cuda"))
    assert CPU_NODES - 4 < max(batch.tokens for batch in on_cpu) <= CPU_NODES
    assert CPU_NODES < max(batch.tokens for batch in on_gpu) <= 256 * NODES


def test_words_longer_than_the_window_run_apart_and_right():
    model = build("mistral", "AutoModelForCausalLM", sliding_window=8, vocab_size=320)
    backend = Backend(model, make_tokenizer())
    assert not backend.apart("base")
    short, long = ["maji", "majira"], ["maji", "majira", "кітапқа барды"]
    rows = []
    body_of(model).register_forward_pre_hook(
        lambda _m, _a, kw: rows.append(tuple(kw["input_ids"].shape)), with_kwargs=True
    )
    backend.states(short, Framing(), (Pooling.WORD_MEAN,))
    assert [row[0] for row in rows] == [1]
    rows.clear()
    found = backend.states(long, Framing(), (Pooling.WORD_MEAN, Pooling.WORD_LAST))
    assert len(rows) > 1
    (item,) = encode_words(make_tokenizer(), long[-1:])
    assert len(item.ids) > 8
    with torch.no_grad():
        plain = model(input_ids=torch.tensor([item.ids]), output_hidden_states=True).hidden_states
    torch.testing.assert_close(found.texts[long[-1]].vectors[Pooling.WORD_MEAN][0], plain[0][0, 1:].mean(0))
    torch.testing.assert_close(
        found.texts[long[-1]].vectors[Pooling.WORD_LAST][2], plain[2][0, -1], rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("kind", ["bert", "bloom", "mpt"])
def test_the_backend_says_why_texts_run_apart(kind, caplog):
    loader = "AutoModelForMaskedLM" if kind == "bert" else "AutoModelForCausalLM"
    backend = Backend(build(kind, loader), make_tokenizer())
    with caplog.at_level("INFO", logger="tli_bench.vectors.backend"):
        backend.states(["maji"], Framing(), (Pooling.WORD_MEAN,))
        backend.states(["moto"], Framing(), (Pooling.WORD_MEAN,))
    assert [record.getMessage() for record in caplog.records] == [f"each text runs for itself: {backend.apart('base')}"]
