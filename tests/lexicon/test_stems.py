import pytest

from tli_bench.languages import LANGUAGES, resolve_language
from tli_bench.lexicon.core import installed_core
from tli_bench.lexicon.stems import openings, stem_key


@pytest.mark.parametrize(
    ("code", "inflected", "base"),
    [
        ("swh", "kusoma", "-soma"),
        ("swh", "watoto", "mtoto"),
        ("swh", "vitabu", "kitabu"),
        ("swh", "miti", "mti"),
        ("eng", "to read", "read"),
        ("eng", "books", "book"),
        ("eng", "berries", "berry"),
        ("eng", "boxes", "box"),
        ("tur", "yazmak", "yaz"),
        ("tur", "kitaplar", "kitap"),
        ("azj", "yazmaq", "yaz"),
        ("uzn", "yozmoq", "yoz"),
        ("kaz", "жазу", "жаз"),
        ("kir", "жазуу", "жаз"),
        ("tat", "яшьләр", "яшь"),
        ("bak", "яҙыу", "яҙ"),
        ("uig", "يازماق", "ياز"),
    ],
)
def test_citation_affixes_and_plurals_are_cut(code: str, inflected: str, base: str) -> None:
    language = resolve_language(code)
    expected = {stem_key(base, language), base.lstrip("-")}
    # `яҙ` is too short to be a stem: `яҙыу` keeps its ending.
    assert stem_key(inflected, language) in (expected if len(base) > 2 else {inflected})


@pytest.mark.parametrize(
    ("code", "word"), [("eng", "glass"), ("eng", "bus"), ("eng", "gas"), ("swh", "kuku"), ("tur", "ekmek")]
)
def test_short_words_and_false_plurals_stay_whole(code: str, word: str) -> None:
    assert stem_key(word, resolve_language(code)) == word


def test_openings_are_the_possible_bases_of_a_derived_word() -> None:
    assert openings("balıkçı") == ["balık", "balıkç"]
    assert openings("balık") == openings("baba") == []


def test_no_stem_is_empty_in_the_core() -> None:
    for entry in installed_core().entries:
        for code, forms in entry.forms.items():
            assert all(stem_key(form, LANGUAGES[code]) for form in forms), entry.concept
