"""Scripts: ISO 15924 codes, the names that Unicode gives their letters, and which script a text is in."""

import unicodedata
from collections import Counter
from functools import lru_cache

UNDECLARED = "Zyyy"
"""ISO 15924 for a script that is not determined."""

# The first word of a letter's Unicode name.
_BY_NAME = {
    "LATIN": "Latn", "CYRILLIC": "Cyrl", "ARABIC": "Arab", "GREEK": "Grek", "DEVANAGARI": "Deva", "THAI": "Thai",
    "CJK": "Hans", "HEBREW": "Hebr", "HIRAGANA": "Jpan", "KATAKANA": "Jpan", "HANGUL": "Hang", "ETHIOPIC": "Ethi",
    "ARMENIAN": "Armn", "GEORGIAN": "Geor", "BENGALI": "Beng", "GURMUKHI": "Guru", "GUJARATI": "Gujr", "TAMIL": "Taml",
    "TELUGU": "Telu", "KANNADA": "Knda", "MALAYALAM": "Mlym", "SINHALA": "Sinh", "LAO": "Laoo", "KHMER": "Khmr",
    "MYANMAR": "Mymr", "TIBETAN": "Tibt", "MONGOLIAN": "Mong", "NKO": "Nkoo", "TIFINAGH": "Tfng", "ADLAM": "Adlm",
    "SYRIAC": "Syrc", "ORIYA": "Orya", "VAI": "Vaii", "CHEROKEE": "Cher",
}  # fmt: skip
# One text may have several codes: Han in its two forms, and Japanese, which mixes three.
_ALSO = {"Hant": "Hans", "Hani": "Hans", "Hira": "Jpan", "Kana": "Jpan"}


@lru_cache(maxsize=1 << 14)
def letter_script(letter: str) -> str:
    """ISO 15924 code of a letter's script, `Zyyy` if it is not in the table."""
    return _BY_NAME.get(unicodedata.name(letter, "?").split(" ")[0].split("-")[0], UNDECLARED)


def script_of(text: str) -> str | None:
    """ISO 15924 code of the script of most letters of `text`; None when there are no letters, `Zyyy` if unknown."""
    found = Counter(letter_script(char) for char in text if char.isalpha())
    return found.most_common(1)[0][0] if found else None


@lru_cache(maxsize=1 << 14)
def in_script(letter: str, script: str) -> bool:
    """Whether a letter belongs to a script (ISO 15924); always for a script that is not in the table."""
    wanted = _ALSO.get(script, script)
    if wanted not in _KNOWN:
        return True
    found = letter_script(letter)
    return found == wanted or (wanted == "Jpan" and found == "Hans")


_KNOWN = frozenset(_BY_NAME.values())
