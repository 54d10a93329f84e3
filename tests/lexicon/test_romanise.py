"""One spelling for two scripts: known cognates meet, and no letter of an alphabet is left in its own script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tli_bench.languages import LANGUAGES, resolve_language
from tli_bench.lexicon.romanise import romanise


@pytest.mark.parametrize(
    ("word", "language", "expected"),
    [
        ("сөз", "kir", "söz"),
        ("söz", "tur", "söz"),
        ("soʻz", "uzn", "söz"),
        ("سۆز", "uig", "söz"),
        ("ýyldyz", "tuk", "yıldız"),
        ("Işık", "tur", "ışık"),
        ("İki", "tur", "iki"),
        ("bəxt", "azj", "bäxt"),
        ("water", "eng", "water"),
    ],
)
def test_known_words(word, language, expected):
    assert romanise(word, resolve_language(language)) == expected


@pytest.mark.parametrize("code", ["kaz_Cyrl", "kir_Cyrl", "tat_Cyrl", "bak_Cyrl", "uig_Arab"])
def test_every_letter_of_the_alphabet_is_known(code):
    left = romanise("a" + "".join(sorted(LANGUAGES[code].letters)), LANGUAGES[code])
    assert set(left) & LANGUAGES[code].letters == set()


@given(st.text(min_size=1, max_size=8), st.sampled_from(sorted(LANGUAGES)))
def test_a_word_never_becomes_empty(word, code):
    assert romanise(word, LANGUAGES[code])
