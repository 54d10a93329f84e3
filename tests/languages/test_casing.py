"""One decision on the dotted i and on apostrophes, for words of the lexicon and for texts that are scored."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tli_bench.downstream.scorers.words import lower as lower_of_a_text
from tli_bench.downstream.scorers.words import words
from tli_bench.languages import LANGUAGES, resolve_language
from tli_bench.languages.apostrophes import APOSTROPHES, with_own_apostrophes
from tli_bench.languages.casing import lower
from tli_bench.languages.scripts import in_script, script_of
from tli_bench.lexicon import match_key
from tli_bench.lexicon.romanise import romanise


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("tur_Latn", "ISPARTA İZMİR", "ısparta izmir"), ("azj_Latn", "QIZIL İLAN", "qızıl ilan"),
        ("crh_Latn", "QIRIM", "qırım"), ("tat_Latn", "QIZIL", "qızıl"), ("kaz_Latn", "QIZIL", "qızıl"),
        ("uzn_Latn", "QIZIL", "qizil"), ("eng_Latn", "İSTANBUL", "istanbul"), ("tur_Latn", "I\u0307", "i"),
        ("kaz_Cyrl", "ҚЫЗЫЛ", "қызыл"), ("kin_Latn", "IBI", "ibi"),
    ],
)  # fmt: skip
def test_known_texts(code, text, expected):
    assert lower(text, resolve_language(code)) == lower_of_a_text(text, code) == expected


# The first example reads files.
@settings(deadline=None)
@given(text=st.text(alphabet="Iıİi\u0307ABCşŞ'ʻʼ", max_size=8), code=st.sampled_from(sorted(LANGUAGES)))
def test_words_and_texts_agree_and_stay(text, code):
    language = LANGUAGES[code]
    once = lower(text, language)
    assert once == lower_of_a_text(text, code) == lower(once, language)
    assert unicodedata.is_normalized("NFC", once)
    assert not {"I", "İ"} & set(once)


def test_the_dotted_i_is_one_decision():
    for code in ("tur_Latn", "azj_Latn", "uzn_Latn"):
        language, dotless = resolve_language(code), resolve_language(code).writing.dotted_i
        found = {
            lower("KIZ", language),
            lower_of_a_text("KIZ", code),
            match_key("KIZ", language),
            romanise("KIZ", language),
        }
        assert found == {"kız" if dotless else "kiz"}


@pytest.mark.parametrize("mark", APOSTROPHES)
def test_every_apostrophe_is_the_same_letter(mark):
    uzbek, swahili = resolve_language("uzn"), resolve_language("swh")
    assert with_own_apostrophes(f"o{mark}g{mark}li san{mark}at", uzbek) == "oʻgʻli sanʼat"
    assert with_own_apostrophes(f"ng{mark}ombe", swahili) == "ng'ombe"
    assert words(f"bog{mark} ng{mark}ombe", "uzn_Latn") == ["bog'", "ng'ombe"]
    assert words(f"bog{mark} ng{mark}ombe", "swh_Latn") == ["bog", "ng'ombe"]


def test_scripts():
    assert script_of("Мәктәп school") == "Cyrl"
    assert script_of("123") is None
    assert in_script("ب", "Arab")
    assert not in_script("а", "Latn")
    assert in_script("а", "Zyyy"), "an undeclared script has no wrong letters"
