"""Words of any language in lower case: locale casing, Unicode letters, apostrophes that are letters."""

import unicodedata
from functools import cache

from tli_bench.languages import Language, find_language
from tli_bench.languages.apostrophes import APOSTROPHES
from tli_bench.languages.casing import lower as lower_in
from tli_bench.languages.language import undeclared

# Texts are compared with one kind of apostrophe, however it was typed.
_ONE_APOSTROPHE = dict.fromkeys(map(ord, APOSTROPHES), "'")
# Scripts written without spaces between words: each letter is a token, as MLQA does for Chinese.
_UNSPACED = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0x0E00, 0x0E7F), (0x3040, 0x30FF))


def spoken(code: str) -> Language:
    """The language with this code (`tur_Latn`) or other name; one that is not described (`und`) is scored by defaults."""
    return find_language(code) or _undetermined()


@cache
def _undetermined() -> Language:
    return undeclared("und")


def lower(text: str, language: str) -> str:
    """Lower case of `text` (NFC) by the casing of `language` (a code such as `tur_Latn`)."""
    return lower_in(text, spoken(language))


def words(text: str, language: str) -> list[str]:
    """Words of `text` in lower case: runs of letters, marks and digits, with apostrophes inside a word kept.

    An apostrophe is the same letter however it was typed. Text in Han, kana or Thai, written without spaces, yields one
    token per letter, with its combining marks.
    """
    found: list[str] = []
    current = ""
    own = spoken(language)
    folded = lower_in(text, own).translate(_ONE_APOSTROPHE)
    # Uzbek words end in o' and g' (bog', "garden"): there the apostrophe is a letter although nothing follows.
    letters_with_it = frozenset(own.writing.apostrophe_after)
    for position, char in enumerate(folded):
        kind = unicodedata.category(char)
        if _unspaced(char) and kind[0] in "LN":
            found += [current, char]
            current = ""
        elif kind[0] == "M" and not current and found and _unspaced(char):
            found[-1] += char
        elif kind[0] in "LMN" or (char == "'" and current and _is_letter(folded, position, letters_with_it)):
            current += char
        elif kind != "Cf":  # invisible marks (ZWNJ, direction) do not end a word
            found.append(current)
            current = ""
    return [word for word in (*found, current) if word]


def _is_letter(text: str, position: int, letters_with_it: frozenset[str]) -> bool:
    return text[position + 1 : position + 2].isalpha() or text[position - 1] in letters_with_it


def _unspaced(char: str) -> bool:
    return any(low <= ord(char) <= high for low, high in _UNSPACED)
