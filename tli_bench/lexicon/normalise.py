"""How a word is written and when two words are the same: the one place for both policies.

`normalise` gives the form that is shown and embedded, `match_key` decides equality, `loose_key` ignores diacritics.

Policy: case and citation marks do not distinguish words, diacritics do. In the eleven languages a diacritic makes
another letter (Turkish `on` ten, `ön` front; Kazakh `кыс`, `қыс`), so leakage is judged by `match_key`; an equal
`loose_key` is worth a look, not an error.
"""

import unicodedata
from functools import lru_cache

from tli_bench.languages import LANGUAGES, Language

APOSTROPHES = "'`\u00b4\u02b9\u02bb\u02bc\u02bd\u2018\u2019\u201b\u2032\ua78c\uff07"
DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212"
OKINA, TUTUQ = "\u02bb", "\u02bc"

_APOSTROPHE_SET = frozenset(APOSTROPHES)
# Letters that keyboards for Arabic and Persian put in the place of the Uyghur ones; the tatweel only stretches a line.
_UYGHUR_LETTERS = {0x06CC: 0x0649, 0x06A9: 0x0643, 0x0647: 0x06BE, 0x06AA: 0x0643, 0x0640: None}
_HAMZA_CARRIER = ("\u0649\u0654", "\u0626")
_DOTTED_CASE = str.maketrans({"I": "ı", "İ": "i"})
_ENGLISH_LEADERS = ("to ", "the ", "a ", "an ")
_DOTTED_LANGUAGES = frozenset({"tur", "azj"})


def normalise(word: str, language: Language) -> str:
    """The display form of `word`: NFC, one kind of apostrophe, no invisible characters, single spaces, case kept.

    Uzbek gets U+02BB after o and g and U+02BC elsewhere, the other languages U+0027. Uyghur presentation forms
    and look-alike keyboard letters become the letters of the alphabet. Idempotent; may be empty.
    """
    if word.isascii():
        if word.isalpha():
            return word
        if language.iso != "uzn":
            return " ".join(word.replace("`", "'").translate(_CONTROLS).split())
    if language.script == "Arab":
        word = _arabic(word)
    visible = "".join(c for c in word if not _invisible(c))
    if language.script == "Arab":
        visible = visible.replace(*_HAMZA_CARRIER)
    return " ".join(_apostrophes(unicodedata.normalize("NFC", visible), language).split())


_CONTROLS = dict.fromkeys((*range(9), *range(14, 28), 127))


def _invisible(char: str) -> bool:
    if char.isascii():
        return ord(char) in _CONTROLS
    category = unicodedata.category(char)
    return (category in {"Cf", "Cc"} and not char.isspace()) or char == "\u034f" or "\ufe00" <= char <= "\ufe0f"


def _arabic(word: str) -> str:
    presentation = ("\ufb50", "\ufdff"), ("\ufe70", "\ufefc")
    unfolded = (
        unicodedata.normalize("NFKC", c) if any(low <= c <= high for low, high in presentation) else c for c in word
    )
    return "".join(unfolded).translate(_UYGHUR_LETTERS)


def _apostrophes(word: str, language: Language) -> str:
    if _APOSTROPHE_SET.isdisjoint(word):
        return word
    if language.iso != "uzn":
        return "".join("'" if c in _APOSTROPHE_SET else c for c in word)
    out = ""
    for char in word:
        if char in _APOSTROPHE_SET:
            char = OKINA if out[-1:].lower() in {"o", "g"} else TUTUQ
        out += char
    return out


def fold(word: str, language: Language) -> str:
    """Lower case by the rules of the language: Turkish and Azerbaijani keep `I/ı` and `İ/i` apart."""
    if language.iso in _DOTTED_LANGUAGES:
        word = word.translate(_DOTTED_CASE)
    return word.lower() if word.isascii() else unicodedata.normalize("NFC", word.lower())


def match_key(word: str, language: Language) -> str:
    """The key by which two words are equal: display form, folded, without an English `to `/article or a leading dash.

    A Swahili infinitive keeps its `ku-`; diacritics are kept. Idempotent; never empty unless the word is.
    """
    return _match_key(word, language.code)


# Cached by code: a code hashes faster than a Language, and large lists ask for every key many times.
@lru_cache(maxsize=1 << 18)
def _match_key(word: str, code: str) -> str:
    language = LANGUAGES[code]
    key = fold(normalise(word, language), language)
    while True:
        shorter = _without_leader(key, language)
        if not shorter or shorter == key:
            return key
        key = shorter


def _without_leader(key: str, language: Language) -> str:
    bare = key.lstrip(DASHES + " ")
    if language.iso == "eng" and " " in bare:
        for leader in _ENGLISH_LEADERS:
            if bare.startswith(leader):
                return bare[len(leader) :]
    return bare


def loose_key(word: str, language: Language) -> str:
    """`match_key` without diacritics, apostrophes and the dot of i: what a careless typist would write."""
    return loosened(match_key(word, language), language)


def loosened(key: str, language: Language) -> str:
    """`loose_key` of a word whose match key is known."""
    if key.isascii() and "'" not in key:
        return key
    return match_key(_stripped(key), language) or key


def _stripped(key: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFD", key) if unicodedata.category(c) != "Mn")
    return unicodedata.normalize("NFC", "".join(c for c in bare if c not in _APOSTROPHE_SET)).replace("ı", "i")
