"""Protocols by name and from a user's file; a broken file is named by file and key."""

import pytest
import yaml

from tli_bench.base.errors import InputError, UnknownNameError
from tli_bench.languages import LANGUAGES
from tli_bench.vectors.protocols import SLOT, Pooling, all_protocols, get_protocol, get_protocols

OWN = {"name": "mine", "version": 2, "pooling": "word-last", "template": {"swh": "Neno: {word}.", "*": "Word: {word}."}}


def write(path, **changes):
    data = {key: value for key, value in (OWN | changes).items() if value is not None}
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return str(path)


def test_every_carrier_has_a_sentence_for_every_language_and_the_word_comes_last():
    carriers = [p for p in all_protocols().values() if p.name.startswith("carrier:")]
    assert len(carriers) >= 2
    for carrier in carriers:
        sentences = dict(carrier.templates)
        assert set(sentences) == set(LANGUAGES)
        for sentence in sentences.values():
            assert sentence.count(SLOT) == 1
            before, after = sentence.split(SLOT)
            assert len(before.split()) >= 3
            assert len(after) <= 1  # what follows a word changes nothing a causal model says of it


def test_several_protocols_by_comma_keep_their_order_and_come_once():
    names = [p.name for p in get_protocols("tli-eval, words,tli-eval")]
    assert names == ["tli-eval", "words"]
    with pytest.raises(InputError, match="no protocol given"):
        get_protocols(" , ")
    with pytest.raises(UnknownNameError, match="did you mean 'carrier:next'"):
        get_protocols("words,carrier:nxt")


def test_a_protocol_of_ones_own(tmp_path):
    found = get_protocol(write(tmp_path / "p.yaml"))
    assert (found.name, found.version, found.pooling) == ("mine", 2, Pooling.WORD_LAST)
    assert found.template("swh_Latn") == "Neno: {word}."
    assert found.template("kaz_Cyrl") == "Word: {word}."
    assert found.id.startswith("mine.v2+")
    other = get_protocol(write(tmp_path / "q.yaml", template="Say {word}"))
    assert other.id != found.id  # same name and version, another sentence
    with pytest.raises(InputError, match="two different protocols are called 'mine'"):
        get_protocols([str(tmp_path / "p.yaml"), str(tmp_path / "q.yaml")])


def test_a_language_without_sentence_is_an_error(tmp_path):
    found = get_protocol(write(tmp_path / "p.yaml", template={"swh": "Neno: {word}"}))
    with pytest.raises(InputError, match="'mine' has no template for eng_Latn; it has swh_Latn"):
        found.template("eng_Latn")
    assert get_protocol(write(tmp_path / "p.yaml", template=None)).template("eng_Latn") is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "words"}, "`name` 'words' belongs to a protocol of the benchmark"),
        ({"name": "../x"}, r"`name` must be letters.*'\.\./x'"),
        ({"version": 0}, "`version` must be a whole number from 1, got 0"),
        ({"version": True}, "`version` must be a whole number"),
        ({"pooling": "max"}, "`pooling` 'max' is not one of word-mean, word-last"),
        ({"pooling": ["word-mean"]}, "`pooling` .* is not one of"),
        ({"template": "no slot"}, r"`template`: the sentence for \* must hold \{word\} exactly once"),
        ({"template": {"xx": "{word}"}}, "`template`: unknown language 'xx'"),
        ({"template": []}, "`template` must be a sentence, or a mapping"),
        ({"note": 3}, "`note` must be a text"),
        ({"layers": 3}, "unknown key 'layers'; the keys are name, version"),
    ],
)
def test_a_wrong_key_is_named(tmp_path, change, message):
    with pytest.raises(InputError, match=message) as caught:
        get_protocol(write(tmp_path / "p.yaml", **change))
    assert "p.yaml" in str(caught.value)


@pytest.mark.parametrize("text", ["!!python/object/apply:os.system ['true']", "- a", "a: [", "\x00", "a: &a [*a"])
def test_a_file_that_is_no_protocol_is_an_error_and_runs_nothing(tmp_path, text):
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(InputError, match=r"protocol file .*p\.yaml"):
        get_protocol(str(tmp_path / "p.yaml"))
    with pytest.raises(InputError, match="cannot be read: No such file"):
        get_protocol(str(tmp_path / "absent.yaml"))
