"""The framing `words.v2`: what stands before a word, and that text and token ids agree on which tokens are the word's own."""

import unicodedata

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import AutoTokenizer, ByT5Tokenizer, PreTrainedTokenizerFast

from tests.conftest import make_tokenizer
from tests.real import real_model
from tli_bench.base.errors import InputError
from tli_bench.lexicon.core import installed_core
from tli_bench.models.catalog import TINY_DIR
from tli_bench.vectors.answer import inputs_of
from tli_bench.vectors.inputs import encode_words, framing, tokens_policy
from tli_bench.vectors.protocols import FULL_STOP, get_protocol, get_protocols

WORDS = get_protocol("words")
TOKENIZERS = {
    "tiny": lambda: AutoTokenizer.from_pretrained(TINY_DIR),
    "byte-level with BOS": make_tokenizer,
    "byte-level without BOS": lambda: make_tokenizer(bos=False),
    "framed on both sides": lambda: make_tokenizer(bert=True),
    "without offsets": ByT5Tokenizer,
    "me5": lambda: AutoTokenizer.from_pretrained(real_model("me5")),
    "minilm": lambda: AutoTokenizer.from_pretrained(real_model("minilm")),
    "smollm2": lambda: AutoTokenizer.from_pretrained(real_model("smollm2")),
}

REAL = ("me5", "minilm", "smollm2")
WHOLE = ("tiny", *REAL)
"""Tokenizers that are seen to agree on every word; the others, made here, on every tenth."""


def led(tokenizer, words, protocol=WORDS):
    return encode_words(tokenizer, words, **framing(protocol, "eng_Latn")._asdict())


def every_word():
    core = installed_core()
    return sorted({form for entry in core.entries for forms in entry.forms.values() for form in forms})


def seen(tokenizer, text):
    """What a tokenizer keeps of a text: as it normalises it, without spaces."""
    normalizer = getattr(getattr(tokenizer, "backend_tokenizer", None), "normalizer", None)
    return "".join(unicodedata.normalize("NFKC", normalizer.normalize_str(text) if normalizer else text).split())


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.real) if n in REAL else n for n in TOKENIZERS])
def test_text_and_ids_agree_on_every_word_of_the_lexicon(name):
    tokenizer, words = TOKENIZERS[name](), every_word()
    assert len(words) > 9000
    words = words if name in WHOLE else words[::10]
    lead = list(tokenizer(FULL_STOP.rstrip(), add_special_tokens=False)["input_ids"])
    special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    for word, item in zip(words, led(tokenizer, words), strict=True):
        first = item.word.index(True)
        before = [i for i in item.ids[:first] if i not in special]
        assert before[: len(lead)] == lead
        assert not tokenizer.decode(before[len(lead) :]).strip()  # nothing more than a space that is a token of its own
        assert not any(item.word[: len(item.ids) - len(item.ids[first:])])
        assert all(token.strip("▁Ġ ") for token in tokenizer.convert_ids_to_tokens(list(item.own)))
        assert not item.joined
        if not item.unknown:
            assert seen(tokenizer, tokenizer.decode(item.own)) == seen(tokenizer, word).replace("▁", "")


@pytest.mark.parametrize("bos", [True, False])
def test_no_token_of_the_word_is_the_first_position(bos):
    tokenizer = make_tokenizer(bos=bos)
    (item,) = led(tokenizer, ["maji"])
    (alone,) = led(tokenizer, ["maji"], get_protocol("words.v1"))
    assert tokenizer.decode(item.own) == "maji"
    assert item.word.index(True) == 2 + bos  # after a full stop and a space that is a token of its own
    assert alone.word.index(True) == bos
    assert alone.ids == tuple(tokenizer("maji")["input_ids"])


def spaced_tokenizer(vocabulary, merges=()):
    """Like SentencePiece: a space becomes `▁`, and nothing keeps a merge from crossing words."""
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(vocabulary)}, list(merges), unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([])
    from tokenizers import decoders

    tokenizer.decoder = decoders.Metaspace()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>")


def test_a_part_of_a_letter_that_decodes_to_nothing_is_no_space():
    (item,) = led(ByT5Tokenizer(), ["ý"])
    assert ByT5Tokenizer().decode([item.own[-1]]) == ""
    assert len(item.own) == 2


def test_a_space_that_is_a_token_of_its_own_is_never_pooled_unless_the_word_has_nothing_else():
    tokenizer = spaced_tokenizer(["<unk>", "▁", ".", "a", "b", "▁a"], [("▁", "a")])
    two, apart = led(tokenizer, ["a b", "b"])
    assert tokenizer.convert_ids_to_tokens(list(two.own)) == ["▁a", "b"]
    assert tokenizer.convert_ids_to_tokens(list(apart.own)) == ["b"]
    old, _ = led(tokenizer, ["a b", "b"], get_protocol("words.v1"))
    assert tokenizer.convert_ids_to_tokens(list(old.own)) == ["a", "▁", "b"]
    (empty,) = led(tokenizer, ["▁"])
    assert tokenizer.convert_ids_to_tokens(list(empty.own)) == ["▁"]


def test_a_token_that_spans_lead_and_word_is_the_words_and_is_counted():
    tokenizer = spaced_tokenizer(["<unk>", "▁", ".", "a", "b", ".▁", ".▁a"], [(".", "▁"), (".▁", "a")])
    joined, apart = led(tokenizer, ["ab", "b"])
    assert tokenizer.convert_ids_to_tokens(list(joined.own)) == [".▁a", "b"]
    assert joined.joined
    assert tokenizer.convert_ids_to_tokens(list(apart.own)) == ["b"]
    assert not apart.joined


def test_unknown_tokens_of_a_word_are_counted():
    tokenizer = spaced_tokenizer(["<unk>", "▁", ".", "a", "b"])
    assert [item.unknown for item in led(tokenizer, ["ab", "aж", "жж"])] == [0, 1, 2]


def test_a_tokenizer_without_offsets_needs_its_lead_to_stay_whole():
    class Merging(ByT5Tokenizer):
        def _tokenize(self, text, **_):
            return list(text.replace(". m", "M"))

    with pytest.raises(InputError, match=r"Merging does not return .*'\. maji' does not begin with the tokens of '\.'"):
        led(Merging(), ["maji"])


def test_running_text_gets_no_lead_and_carriers_keep_their_sentence():
    tokenizer = make_tokenizer()
    for name in ("words", "words.v1"):
        frame = inputs_of(get_protocols(name), "eng_Latn", causal=True, shorten=True)[name].framing
        (item,) = encode_words(tokenizer, ["a sentence"], **frame._asdict())
        assert item.ids == tuple(tokenizer("a sentence")["input_ids"])
    carrier = get_protocol("carrier:next")
    assert framing(carrier, "eng_Latn", running=True).template == carrier.template("eng_Latn")


def test_the_word_ends_the_sequence_of_a_causal_model():
    (item,) = encode_words(
        make_tokenizer(bert=True),
        ["maji"],
        **inputs_of([WORDS], "swh_Latn", causal=True)["words"].framing._asdict(),
    )
    assert item.word[-1]
    (whole,) = led(make_tokenizer(bert=True), ["maji"])
    assert not whole.word[-1]  # the closing token, which an encoder reads


def test_both_versions_can_be_asked_for_together_under_names_of_their_own():
    both = get_protocols("words,words.v1,words-last,words-last.v1")
    assert [p.id for p in both] == ["words.v2", "words.v1", "words-last.v2", "words-last.v1"]
    assert len({p.name for p in both}) == 4
    assert get_protocol("words.v2") is WORDS
    assert get_protocol("carrier:next.v2").name == "carrier:next"
    kept = inputs_of(both, "eng_Latn", causal=True)
    assert kept["words"] == kept["words-last"]
    assert kept["words.v1"] == kept["words-last.v1"] != kept["words"]


def test_the_signature_says_what_stands_before_a_word():
    bare = make_tokenizer(bos=False)
    assert WORDS.tokens(tokens_policy(bare)) == 'no-bos lead="." space=yes'
    assert WORDS.tokens(tokens_policy(make_tokenizer(bert=True))) == 'bos+eos lead="." space=yes'
    assert get_protocol("words.v1").tokens(tokens_policy(bare)) == "no-bos"
