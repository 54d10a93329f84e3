"""Words that somebody declares as trained, from a plain list or a list of pairs."""

import pytest

from tli_bench.base.errors import LexiconError
from tli_bench.lexicon.declared import declared_words

CASES = {
    "words.txt": ("maji\nhot water\nice_cream\n\nbig old house\n", {"maji", "hot", "water", "hot water", "ice cream", "big old house"}),
    "pairs.txt": ("maji water\nmoto fire\n", {"maji", "water", "moto", "fire", "maji water", "moto fire"}),
    "tabs.txt": ("maji\thot water\n", {"maji", "hot water"}),
    "words.tsv": ("maji\nbig|large\n", {"maji", "big", "large"}),
    "pairs.tsv": ("maji\twater\nmoto\tfire\n", {"maji", "water", "moto", "fire"}),
    "named.tsv": ("id\tswahili\tenglish\n7\tmaji\twater\n", {"maji", "water"}),
    "split.tsv": ("source\ttarget\tsplit\nmaji\twater\ttrain\nmoto\tfire\tcontrol\nnyota\tstar\tdev\n", {"maji", "water"}),
    "pairs.csv": ('maji,"water, fresh"\n', {"maji", "water, fresh"}),
    "words.json": ('["maji", "water"]', {"maji", "water"}),
    "pairs.json": ('[{"n": 1, "swahili": ["maji", "mto"], "english": "water"}]', {"maji", "mto", "water"}),
    "pairs.jsonl": ('{"source": "maji", "target": "water"}\n{"source": "a", "target": "b", "split": "dev"}', {"maji", "water"}),
    "lists.json": ('[["maji", "water"], ["moto", "fire"]]', {"maji", "water", "moto", "fire"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_every_word_of_a_list_is_found(name, tmp_path):
    text, words = CASES[name]
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert declared_words(tmp_path / name) == words


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("none.txt", "\n\n", "there is no word in it"),
        ("other.pdf", "maji", r"trained words are read from .tsv, .csv, .json, .jsonl and .txt files"),
        ("keys.json", '[{"a": "maji"}]', "no key names a language, source or target; keys: a"),
        ("deep.json", '[{"source": {"a": 1}}]', "is not a word or a list of words"),
        ("broken.json", "[", "not JSON"),
    ],
)
def test_a_list_that_cannot_be_read_is_named(name, text, message, tmp_path):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(LexiconError, match=rf"{name}.*{message}"):
        declared_words(tmp_path / name)


def test_a_list_that_is_not_there_is_named(tmp_path):
    with pytest.raises(LexiconError, match=r"missing.txt: No such file"):
        declared_words(tmp_path / "missing.txt")
