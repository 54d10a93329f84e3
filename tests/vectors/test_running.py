"""Words of running sentences: their vectors are those of the plain forward pass, whatever the batch; what is cut is said."""

import pytest
import torch

from tests.conftest import make_model, make_tokenizer
from tli_bench.base.errors import InputError
from tli_bench.vectors.backend import Backend
from tli_bench.vectors.inputs import Framing
from tli_bench.vectors.running import encode_sentences

SENTENCES = [("maji", "ya", "mto"), ("su", "."), ("kitabu", "kikubwa", "cha", "mwalimu", ".")]
FRAMES = [Framing(), Framing(template=". {word}")]


@pytest.fixture(scope="module")
def backend():
    return Backend(make_model("llama"), make_tokenizer())


@pytest.mark.parametrize("frame", FRAMES, ids=["bare", "led"])
def test_a_word_is_the_mean_over_its_own_tokens_in_the_sentence(backend, frame):
    layers, found = backend.words_of(SENTENCES, frame)
    for words, (kept, vectors) in zip(SENTENCES, found, strict=True):
        lead = "" if frame.template is None else ". "
        text = lead + " ".join(words)
        coded = backend.tokenizer(text, return_offsets_mapping=True, return_special_tokens_mask=True)
        with torch.no_grad():
            states = backend.model(torch.tensor([coded["input_ids"]]), output_hidden_states=True).hidden_states
        start = len(lead)
        for number, word in enumerate(words):
            mine = [
                i
                for i, (left, right) in enumerate(coded["offset_mapping"])
                if not coded["special_tokens_mask"][i] and left < start + len(word) and right > start and right > left
            ]
            start += len(word) + 1
            wanted = states[-1][0, mine].mean(dim=0)
            torch.testing.assert_close(vectors[layers.index(layers[-1]), number], wanted, rtol=1e-5, atol=1e-6)
        assert kept == tuple(range(len(words)))


def test_batches_and_order_change_nothing(backend):
    _, found = backend.words_of(SENTENCES, FRAMES[1])
    alone = Backend(backend.model, backend.tokenizer, batch_size=1)
    for place in (2, 0, 1):
        _, [(_, vectors)] = alone.words_of([SENTENCES[place]], FRAMES[1])
        torch.testing.assert_close(vectors, found[place][1], rtol=1e-5, atol=1e-6)


def test_base_and_adapted_come_from_the_one_load(backend):
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(1)
    model = get_peft_model(make_model("llama"), LoraConfig(r=4, target_modules=["q_proj", "v_proj"]))
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.5)
    wrapped = Backend(model, backend.tokenizer)
    states = {state: wrapped.words_of(SENTENCES, FRAMES[1], state=state)[1] for state in ("base", "adapted")}
    plain = backend.words_of(SENTENCES, FRAMES[1])[1]
    for (_, base), (_, adapted), (_, alone) in zip(states["base"], states["adapted"], plain, strict=True):
        torch.testing.assert_close(base, alone, rtol=1e-5, atol=1e-6)
        assert (adapted - base)[1:].abs().max() > 1e-3
        torch.testing.assert_close(adapted[0], base[0])  # the embeddings are below every adapter


def test_words_beyond_what_the_model_reads_have_no_vector(backend):
    [whole] = encode_sentences(backend.tokenizer, [SENTENCES[2]], Framing(), max_length=None)
    first_two = max(place for places in whole.own[:2] for place in places) + 1
    [cut] = encode_sentences(backend.tokenizer, [SENTENCES[2]], Framing(), max_length=first_two)
    assert cut.own[:2] == whole.own[:2]
    assert cut.own[3:] == ((), ())
    assert len(cut.ids) == first_two


def test_a_tokenizer_without_offsets_is_refused(backend):
    class Slow:
        is_fast = False

    with pytest.raises(InputError, match=r"Slow does not return character offsets.*use a fast tokenizer"):
        encode_sentences(Slow(), [("a",)], Framing(), max_length=None)
