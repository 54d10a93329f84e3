"""Letters of the eleven alphabets, and whether a character belongs to the language's script at all."""

import unicodedata
from functools import lru_cache

from tli_bench.languages import Language
from tli_bench.lexicon.normalise import OKINA, TUTUQ, fold

_BASIC = "abcdefghijklmnopqrstuvwxyz"
_RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"

ALPHABETS: dict[str, frozenset[str]] = {
    "eng_Latn": frozenset(_BASIC + "'"),
    "swh_Latn": frozenset(_BASIC + "'") - frozenset("qx"),
    "tur_Latn": frozenset("abcçdefgğhıijklmnoöprsştuüvyzâîû"),
    "azj_Latn": frozenset("abcçdeəfgğhxıijkqlmnoöprsştuüvyz"),
    "uzn_Latn": frozenset("abcdefghijklmnopqrstuvxyz" + OKINA + TUTUQ),
    "kaz_Cyrl": frozenset(_RUSSIAN + "әғқңөұүһі"),
    "kir_Cyrl": frozenset(_RUSSIAN + "ңөү"),
    "tat_Cyrl": frozenset(_RUSSIAN + "әҗңөүһ"),
    "bak_Cyrl": frozenset(_RUSSIAN + "ғҙҡңөҫүһә"),
    "tuk_Latn": frozenset("abçdeäfghijžklmnňoöprsştuüwyýz"),
    "uig_Arab": frozenset("ئاەبپتجچخدرزژسشغفقكگڭلمنھوۇۆۈۋېىي"),
}
_SCRIPT_NAMES = {"Latn": "LATIN", "Cyrl": "CYRILLIC", "Arab": "ARABIC"}
_NEUTRAL = frozenset(" -'" + OKINA + TUTUQ)


def foreign_letters(word: str, language: Language) -> str:
    """The letters of `word` that are of another script than the language's, in order; usually a look-alike."""
    if language.script == "Latn" and word.isascii():
        return ""
    return "".join(c for c in word if _foreign(c, language.script))


@lru_cache(maxsize=4096)
def _foreign(char: str, script: str) -> bool:
    if char in _NEUTRAL or not char.isalpha():
        return False
    return not unicodedata.name(char, "").startswith(_SCRIPT_NAMES[script])


def unusual_characters(word: str, language: Language) -> str:
    """The characters of `word` that are neither letters of the alphabet nor an inner space or hyphen."""
    letters, folded = ALPHABETS[language.code], fold(word, language)
    return "" if letters.issuperset(folded) else "".join(c for c in folded if c not in letters and c not in " -")


def script_share(text: str, language: Language) -> float:
    """Share of the letters of `text` that are of the language's script; 0 for a text without letters."""
    letters = [c for c in text if c.isalpha()]
    return sum(not _foreign(c, language.script) for c in letters) / len(letters) if letters else 0.0
