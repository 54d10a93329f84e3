"""Lower case and words of any language: locale casing, Unicode letters, apostrophes that are letters."""

import unicodedata

# The letters Uzbek and Turkmen texts type as one of four different apostrophes.
_APOSTROPHES = dict.fromkeys(map(ord, "\u02bb\u02bc\u2018\u2019\u0060\u00b4"), "'")
_DOTTED = ("tur", "azj", "tat_Latn", "kaz_Latn", "crh")
# Scripts written without spaces between words: each letter is a token, as MLQA does for Chinese.
_UNSPACED = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0x0E00, 0x0E7F), (0x3040, 0x30FF))


def lower(text: str, language: str) -> str:
    """Lower case of `text` (NFC) by the casing of `language` (a code such as `tur_Latn`).

    Turkish and Azerbaijani map I to ı and İ to i; everywhere else İ becomes a plain i, one code point, not two.
    """
    text = unicodedata.normalize("NFC", text)
    if language.startswith(_DOTTED):
        text = text.replace("I", "ı")
    return unicodedata.normalize("NFC", text.replace("İ", "i").lower())


def words(text: str, language: str) -> list[str]:
    """Words of `text` in lower case: runs of letters, marks and digits, with apostrophes inside a word kept.

    The apostrophes of Uzbek and Turkmen are one letter however typed. Text in Han, kana or Thai, written
    without spaces, yields one token a letter, with its combining marks.
    """
    found: list[str] = []
    current = ""
    folded = lower(text, language).translate(_APOSTROPHES)
    uzbek = language.startswith("uz")
    for position, char in enumerate(folded):
        kind = unicodedata.category(char)
        if _unspaced(char) and kind[0] in "LN":
            found += [current, char]
            current = ""
        elif kind[0] == "M" and not current and found and _unspaced(char):
            found[-1] += char
        elif kind[0] in "LMN" or (char == "'" and current and _letter_after(folded, position, uzbek=uzbek)):
            current += char
        elif kind != "Cf":  # invisible marks (ZWNJ, direction) do not end a word
            found.append(current)
            current = ""
    return [word for word in (*found, current) if word]


def _letter_after(text: str, position: int, *, uzbek: bool) -> bool:
    # Uzbek words end in o' and g' (bog', "garden"): there the apostrophe is a letter although nothing follows.
    following = text[position + 1 : position + 2]
    return following.isalpha() or (uzbek and text[position - 1] in "og")


def _unspaced(char: str) -> bool:
    return any(low <= ord(char) <= high for low, high in _UNSPACED)
