import unicodedata
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tli_bench.languages import LANGUAGES, resolve_language
from tli_bench.languages.apostrophes import APOSTROPHES
from tli_bench.lexicon import load_lexicon, loose_key, match_key, normalise
from tli_bench.lexicon.core import installed_core
from tli_bench.lexicon.normalise import _SELECTORS, _invisible, as_read

CODES = sorted(LANGUAGES)

# Every letter that one of the languages uses, with what keyboards, scanners and web pages add to words.
LETTERS = "abcçdeəfgğhıiİIjklmnňoöpqrsşßtuüvwxyýzžäâАаӘәБбҒғҖҗҘҙЙйЁёҚқҠҡҢңӨөҪҫҮүҰұҺһІі"
UYGHUR = "ئاەبپتجچخدرزژسشغفقكگڭلمنھوۇۆۈۋېىيهیک" + "\ufee1\ufe8b\ufedf\ufefb\ufe70\ufbe4\u0640"
NOISE = " -–'\u00a0\u00ad\u200b\u200c\u200d\u200e\ufeff\u0301\u0307\u0308\u0654\ufe0f\t" + APOSTROPHES
words = st.one_of(st.text(alphabet=LETTERS + UYGHUR + NOISE, max_size=12), st.text(max_size=12))


@pytest.mark.parametrize("code", CODES)
@given(word=words)
def test_keys_are_idempotent_and_in_nfc(code: str, word: str) -> None:
    language = LANGUAGES[code]
    for key in (normalise, match_key, loose_key):
        once = key(word, language)
        assert key(once, language) == once
        assert unicodedata.is_normalized("NFC", once)
        assert once == once.strip()
        assert not any(unicodedata.category(c) in {"Cf", "Cc"} for c in once)


@pytest.mark.parametrize("code", CODES)
@given(word=words)
def test_equal_display_forms_have_equal_keys_and_equal_keys_equal_loose_keys(code: str, word: str) -> None:
    language = LANGUAGES[code]
    assert match_key(normalise(word, language), language) == match_key(word, language)
    assert loose_key(match_key(word, language), language) == loose_key(word, language)


def test_what_is_taken_for_visible_at_a_glance_is_visible_letter_by_letter() -> None:
    every = map(chr, range(0x110000))
    assert not any(_invisible(c) for c in every if c.isprintable() and not _SELECTORS.search(c))


@pytest.mark.parametrize("code", CODES)
def test_every_core_form_is_its_own_display_form(code: str) -> None:
    language = LANGUAGES[code]
    forms = [form for entry in installed_core().entries for form in entry.forms.get(code, ())]
    assert [normalise(form, language) for form in forms] == forms


@pytest.mark.parametrize("code", [c for c in CODES if c != "eng_Latn"])
@given(found=st.lists(st.text(alphabet=LETTERS + UYGHUR + NOISE, min_size=1, max_size=8), min_size=1, max_size=4))
def test_words_survive_writing_and_reading(
    code: str, found: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    language = LANGUAGES[code]
    found = [normalise(word, language) for word in found]
    found = [word for word in found if word]
    if not found:
        return
    path = tmp_path_factory.mktemp("words") / "words.tsv"
    path.write_text("".join(f"{word}\tword{i}\n" for i, word in enumerate(found)), encoding="utf-8")
    with mock.patch("tli_bench.lexicon.load.require_plausible"):  # these words are of any script
        read = load_lexicon(path, pair=f"{language.iso}-eng", header=False)
    first_of_key: dict[str, str] = {}
    for word in found:
        first_of_key.setdefault(match_key(word, language), word)
    assert [pair.source for pair in read.pairs] == [as_read(word) for word in first_of_key.values()]


@pytest.mark.parametrize(
    ("code", "word", "key"),
    [
        ("tur", "ISPANAK", "ıspanak"),
        ("tur", "İNCİR", "incir"),
        ("tur", "I\u0307NCI\u0307R", "incir"),
        ("azj", "QIZIL", "qızıl"),
        ("azj", "İLAN", "ilan"),
        ("uzn", "QIZIL", "qizil"),
        ("tuk", "ILKI", "ilki"),
        ("uzn", "Oʻzbek", "oʻzbek"),
        ("uzn", "o'zbek", "oʻzbek"),
        ("uzn", "o‘zbek", "oʻzbek"),
        ("uzn", "gʼoz", "gʻoz"),
        ("uzn", "san'at", "sanʼat"),
        ("swh", "ng’ombe", "ng'ombe"),
        ("swh", "–zuri", "zuri"),
        ("swh", "-zuri", "zuri"),
        ("swh", "kusoma", "kusoma"),
        ("eng", "to read", "read"),
        ("eng", "the sun", "sun"),
        ("eng", "An apple", "apple"),
        ("eng", "to", "to"),
        ("eng", "a", "a"),
        ("eng", "tomorrow", "tomorrow"),
        ("tur", "to kuş", "to kuş"),
        ("kaz", "ҚЫС", "қыс"),
        ("uig", "\ufe8b\u06d5\ufee3\ufeae", "ئەمر"),
        ("uig", "كىتا\u200cب", "كىتاب"),
        ("uig", "کىتـاب", "كىتاب"),
        ("uig", "\u0649\u0654ۇ", "ئۇ"),
    ],
)
def test_match_key_of_known_spellings(code: str, word: str, key: str) -> None:
    assert match_key(word, resolve_language(code)) == key


def test_a_diacritic_makes_another_word_but_not_another_loose_key() -> None:
    turkish = resolve_language("tur")
    assert match_key("on", turkish) != match_key("ön", turkish)
    assert loose_key("on", turkish) == loose_key("ön", turkish)
    assert loose_key("kız", turkish) == loose_key("KIZ", turkish) == "kiz"


def test_case_and_citation_marks_do_not_make_another_word() -> None:
    assert match_key("Jumatatu", resolve_language("swh")) == match_key("JUMATATU", resolve_language("swh"))
