"""Our pooled states against a plain `output_hidden_states=True` forward, for every architecture family we claim."""

import pytest
import torch

from tests.conftest import make_model, make_tokenizer
from tli_bench.base.errors import InputError, ModelError
from tli_bench.models.body import body_of
from tli_bench.models.skeleton import peak_of
from tli_bench.vectors.extract import all_layers, extract, layer_names
from tli_bench.vectors.inputs import encode_words
from tli_bench.vectors.protocols import Pooling

WORDS = ["maji", "water", "kitabu cha watoto", "кітап", "كىتاب", "a", "ng'ombe", "çiçek" * 3]
CAUSAL = ["llama", "qwen", "gpt2", "gemma"]


def reference(model, tokenizer, word, pooling=Pooling.WORD_MEAN):
    """Hidden states of one word by the plain forward of the whole model, pooled by hand."""
    encoded = tokenizer(word, return_tensors="pt", return_special_tokens_mask=True)
    own = encoded.pop("special_tokens_mask")[0] == 0
    with torch.no_grad():
        states = model(
            **{k: v for k, v in encoded.items() if k != "token_type_ids"}, output_hidden_states=True
        ).hidden_states
    keep = own if pooling is Pooling.WORD_MEAN else torch.ones_like(own)
    return torch.stack([state[0, keep].mean(0) for state in states])


@pytest.mark.parametrize("kind", [*CAUSAL, "bert"])
@pytest.mark.parametrize("batch_size", [1, 64])
def test_states_equal_the_plain_forward(kind, batch_size):
    model, tokenizer = make_model(kind).eval(), make_tokenizer(bert=kind == "bert")
    states = extract(model, encode_words(tokenizer, WORDS), batch_size=batch_size)
    shown = [i for i, name in enumerate(states.layers) if not name.endswith("p")]
    for row, word in enumerate(WORDS):
        expected = reference(model, tokenizer, word)
        torch.testing.assert_close(states.vectors[Pooling.WORD_MEAN][shown, row], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", CAUSAL)
@pytest.mark.parametrize("side", ["left", "right"])
def test_states_equal_a_padded_batch(kind, side):
    model, tokenizer = make_model(kind).eval(), make_tokenizer()
    tokenizer.pad_token, tokenizer.padding_side = tokenizer.eos_token, side
    batch = tokenizer(WORDS, return_tensors="pt", padding=True)
    positions = (batch["attention_mask"].cumsum(1) - 1).clamp(min=0)
    with torch.no_grad():
        plain = model(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            position_ids=positions,
            output_hidden_states=True,
        ).hidden_states
    own = batch["attention_mask"].bool()
    for row in range(len(WORDS)):  # the first real token is BOS, which is never pooled
        own[row, own[row].nonzero()[0]] = False
    states = extract(model, encode_words(make_tokenizer(), WORDS))
    shown = [i for i, name in enumerate(states.layers) if not name.endswith("p")]
    expected = torch.stack(
        [torch.stack([layer[row, own[row]].mean(0) for row in range(len(WORDS))]) for layer in plain]
    )
    torch.testing.assert_close(states.vectors[Pooling.WORD_MEAN][shown], expected, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("kind", CAUSAL)
def test_the_state_before_the_final_norm_is_the_last_blocks_output(kind):
    model = make_model(kind).eval()
    ids = torch.tensor([[0, 5, 9]])
    states = all_layers(model, ids)
    assert len(states) == 5  # 3 blocks: layers 0, 1, 2, 3p, 3
    body = body_of(model)
    norm = body.norm if hasattr(body, "norm") else body.ln_f
    torch.testing.assert_close(norm(states[-2]), states[-1])
    assert not torch.allclose(states[-2], states[-1])


def test_a_model_without_final_norm_has_no_layer_before_it():
    assert extract(make_model("bert"), encode_words(make_tokenizer(bert=True), ["maji"])).layers == ("0", "1", "2", "3")
    assert layer_names(3, final_norm=True) == ("0", "1", "2", "3p", "3")


def test_several_poolings_come_from_one_pass_and_special_tokens_are_not_in_the_words_own():
    model, tokenizer = make_model("llama").eval(), make_tokenizer()
    calls = []
    handle = body_of(model).register_forward_hook(lambda *_: calls.append(1))
    states = extract(model, encode_words(tokenizer, ["maji", "moto"]), poolings=(Pooling.WORD_MEAN, Pooling.ALL_MEAN))
    handle.remove()
    assert len(calls) == len({len(e.ids) for e in encode_words(tokenizer, ["maji", "moto"])})
    whole = reference(model, tokenizer, "maji", Pooling.ALL_MEAN)
    shown = [0, 1, 2, 4]
    torch.testing.assert_close(states.vectors[Pooling.ALL_MEAN][shown, 0], whole, rtol=1e-5, atol=1e-6)
    assert not torch.allclose(
        states.vectors[Pooling.ALL_MEAN][1, 0], states.vectors[Pooling.WORD_MEAN][1, 0], atol=1e-3
    )


def test_no_language_model_head_runs():
    model = make_model("llama")
    handle = model.lm_head.register_forward_hook(lambda *_: pytest.fail("the LM head ran"))
    extract(model, encode_words(make_tokenizer(), ["maji"]))
    handle.remove()


def test_half_precision_states_come_out_as_float32_and_training_mode_is_restored():
    model = make_model("llama").to(torch.bfloat16).train()
    states = extract(model, encode_words(make_tokenizer(), ["maji"]))
    assert states.vectors[Pooling.WORD_MEAN].dtype == torch.float32
    assert model.training


@pytest.mark.parametrize("word", ["", "   "])
def test_an_empty_word_is_named(word):
    with pytest.raises(InputError, match="word 1 is empty"):
        encode_words(make_tokenizer(), ["maji", word])


def test_a_word_that_yields_no_token_is_named():
    tokenizer = make_tokenizer()
    tokenizer.backend_tokenizer.normalizer = __import__("tokenizers").normalizers.Replace("\u200d", "")
    with pytest.raises(InputError, match=r"'\\u200d' yields no token"):
        encode_words(tokenizer, ["maji", "\u200d"])


def test_a_word_longer_than_the_model_reads_is_named():
    with pytest.raises(InputError, match="this model reads at most 64"):
        encode_words(make_tokenizer(), ["maji", "x" * 300], max_length=64)


def test_encoder_decoders_are_refused():
    from transformers import T5Config, T5Model

    t5 = T5Model(T5Config(vocab_size=300, d_model=16, d_kv=4, d_ff=16, num_layers=1, num_heads=2))
    with pytest.raises(ModelError, match="encoder-decoder"):
        body_of(t5)


def test_means_are_held_once_while_they_are_made():
    """One tree holds all these words: its means in all layers would be the result once more, and once more when stacked."""
    model, encoded = make_model("llama"), encode_words(make_tokenizer(), ["maji", "water", "moto"] * 500)
    kept = []
    both = (Pooling.WORD_MEAN, Pooling.WORD_LAST)
    peak = peak_of(lambda: kept.append(extract(model, encoded, poolings=both, share=True, first_position=True)))
    assert peak < 2 * sum(vectors.numel() * 4 for vectors in kept[0].vectors.values())
