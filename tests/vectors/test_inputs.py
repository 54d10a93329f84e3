"""The word's own tokens inside a sentence, by character offsets; what the first position does, from the same pass."""

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import ByT5Tokenizer, PreTrainedTokenizerFast

from tests.conftest import make_model, make_tokenizer
from tli_bench.base.errors import InputError
from tli_bench.vectors.extract import all_layers, extract
from tli_bench.vectors.inputs import encode_words
from tli_bench.vectors.protocols import Pooling

WORDS = ["maji", "water", "су", "ئات", "kitabu cha watoto"]


def straddling_tokenizer():
    """Merges the last letter of `sun` with the full stop, and the colon's blank with its first letter."""
    vocabulary = {"<s>": 0, "a": 1, ":": 2, " ": 3, "s": 4, "u": 5, "n": 6, ".": 7, " s": 8, "n.": 9}
    tokenizer = Tokenizer(models.BPE(vocabulary, [(" ", "s"), ("n", ".")]))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>")


def test_a_token_shared_with_a_neighbour_belongs_to_the_word():
    tokenizer = straddling_tokenizer()
    (found,) = encode_words(tokenizer, ["sun"], template="a: {word}.")
    assert tokenizer.convert_ids_to_tokens(list(found.ids)) == ["a", ":", " s", "u", "n."]
    assert found.word == (False, False, True, True, True)
    (cut,) = encode_words(tokenizer, ["sun"], template="a: {word}..", cut=True)
    assert tokenizer.convert_ids_to_tokens(list(cut.ids)) == ["a", ":", " s", "u", "n."]  # ids are cut, not the string


def test_the_span_covers_exactly_the_words_characters():
    tokenizer = make_tokenizer()
    for word, item in zip(WORDS, encode_words(tokenizer, WORDS, template="Neno ni: {word}."), strict=True):
        own = [i for i, flag in zip(item.ids, item.word, strict=True) if flag]
        assert tokenizer.decode(own).strip(" .:") == word
        assert not item.word[0]  # BOS


def test_cutting_after_the_word_changes_no_state_of_a_causal_model():
    model, tokenizer = make_model("llama").eval(), make_tokenizer()
    template = "Neno ni: {word}, kwa kweli."
    whole = extract(model, encode_words(tokenizer, WORDS, template=template))
    short = extract(model, encode_words(tokenizer, WORDS, template=template, cut=True))
    assert all(len(a.ids) > len(b.ids) for a, b in zip(whole.encoded, short.encoded, strict=True))
    torch.testing.assert_close(short.vectors[Pooling.WORD_MEAN], whole.vectors[Pooling.WORD_MEAN], rtol=1e-5, atol=1e-6)
    alone = extract(model, encode_words(tokenizer, WORDS))
    assert not torch.allclose(
        alone.vectors[Pooling.WORD_MEAN][2], short.vectors[Pooling.WORD_MEAN][2], atol=1e-3
    )  # the sentence matters


def test_a_word_longer_than_the_model_counts_with_its_sentence():
    with pytest.raises(InputError, match=r"'maji' is .* tokens long; this model reads at most 8"):
        encode_words(make_tokenizer(), ["maji"], template="a long sentence around it: {word}", max_length=8)


@pytest.mark.parametrize("bert", [False, True])
def test_a_text_longer_than_the_model_loses_its_end_and_says_how_much(bert):
    tokenizer = make_tokenizer(bert=bert)
    whole, same = encode_words(tokenizer, ["maji " * 40, "maji"])
    (short, untouched) = encode_words(tokenizer, ["maji " * 40, "maji"], max_length=16, shorten=True)
    frame = 2 if bert else 1
    assert len(short.ids) == 16
    assert sum(short.word) == 16 - frame
    assert short.dropped == len(whole.ids) - 16
    assert short.ids[0] == whole.ids[0]
    assert short.ids[1:15] == whole.ids[1:15]
    assert short.word[-1] != bert  # [SEP] stays at the end
    assert untouched == same
    with pytest.raises(InputError, match="at most 4"):
        encode_words(tokenizer, ["maji"], template="a long sentence around it: {word}", max_length=4, shorten=True)


def test_a_tokenizer_without_offsets_cannot_find_a_word_in_the_middle_of_a_sentence():
    with pytest.raises(InputError, match="ByT5Tokenizer does not return character offsets"):
        encode_words(ByT5Tokenizer(), ["maji"], template="a {word}.")


@pytest.mark.parametrize("kind", ["llama", "bert"])
def test_the_first_position_beside_the_words(kind):
    model, tokenizer = make_model(kind).eval(), make_tokenizer(bert=kind == "bert")
    encoded = encode_words(tokenizer, WORDS)
    states = extract(model, encoded, first_position=True)
    for row, item in enumerate(encoded):
        with torch.no_grad():
            layers = torch.stack(all_layers(model, torch.tensor([item.ids])))[:, 0]
        torch.testing.assert_close(states.first.norms[row], layers.norm(dim=-1), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(states.first.included(row), layers.mean(1), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(states.first.excluded[:, row], layers[:, 1:].mean(1), rtol=1e-4, atol=1e-5)
    shared = states.first.excluded is states.vectors[Pooling.WORD_MEAN]
    assert shared == (kind == "llama")  # with BOS alone the two means are one tensor; with [SEP] they differ


@pytest.mark.parametrize(("bos", "places"), [(True, (0, 3)), (False, (0, 2))])
def test_the_first_position_beside_words_that_have_a_lead(bos, places):
    model, tokenizer = make_model("llama").eval(), make_tokenizer(bos=bos)
    (item,) = encode_words(tokenizer, ["maji"], template=". {word}", blanks=False)
    states = extract(model, [item], first_position=True)
    with torch.no_grad():
        layers = torch.stack(all_layers(model, torch.tensor([item.ids])))[:, 0]
    first, own = places
    expected = torch.cat([layers[:, [first]], layers[:, own:]], dim=1).mean(1)
    torch.testing.assert_close(states.first.included(0), expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(states.first.norms[0], layers.norm(dim=-1), rtol=1e-5, atol=1e-5)
    assert states.first.excluded is states.vectors[Pooling.WORD_MEAN]


def test_a_word_of_one_position_has_no_mean_without_it():
    model, tokenizer = make_model("llama").eval(), make_tokenizer(bos=False)
    states = extract(model, encode_words(tokenizer, ["maji", "a"]), first_position=True)
    assert states.first.norms[1].shape[1] == 1
    assert not states.first.excluded[:, 1].any()
    assert states.first.included(1).any()
