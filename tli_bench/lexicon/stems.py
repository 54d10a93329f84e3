"""Citation affixes and regular plurals, so that `kusoma` and `-soma`, or `book` and `books`, count as one word.

Precise rather than complete: an affix is cut only where at least three letters stay (two of a Swahili noun), and a stem
only matters when another word is that very stem. Derivation (`balık`, `balıkçı`) makes another word: `openings` finds
such pairs so that splits keep them on one side, but they are no leak.
"""

from tli_bench.languages import Language
from tli_bench.lexicon.normalise import match_key

_SHORTEST_STEM = 3
# `mti`, `miti` tree and `kiti`, `viti` chair.
_SHORTEST_NOUN = 2
SHORTEST_BASE, LONGEST_ENDING = 5, 3

# Ending of the dictionary form of verbs, and of the plural, longest first.
_SUFFIXES: dict[str, tuple[str, ...]] = {
    "tur": ("mak", "mek", "lar", "ler"),
    "azj": ("maq", "mək", "lar", "lər"),
    "uzn": ("moq", "lar"),
    "tuk": ("mak", "mek", "lar", "ler"),
    "kaz": ("лар", "лер", "у", "ю"),
    "kir": ("лар", "лер", "лор", "лөр", "уу", "үү", "оо", "өө"),
    "tat": ("арга", "әргә", "ырга", "ергә", "рга", "ргә", "лар", "ләр", "ау", "әү", "у", "ү"),
    "bak": ("лар", "ләр", "ыу", "еү", "оу", "өү", "ау", "әү"),
    "uig": ("ماق", "مەك", "لار", "لەر"),
}
_SWAHILI_PLURALS = (("wa", "m"), ("mi", "m"), ("vi", "ki"), ("vy", "ch"))


def openings(key: str) -> list[str]:
    """The beginnings of a match key that another word could be the base by: at least 5 letters, 1 to 3 fewer."""
    size = len(key)
    if size <= SHORTEST_BASE:
        return []
    return [key[:end] for end in range(max(SHORTEST_BASE, size - LONGEST_ENDING), size)]


def stem_key(word: str, language: Language) -> str:
    """The match key of `word` without its citation affix or plural, or the match key itself where nothing is cut."""
    return stem_of_key(match_key(word, language), language)


def stem_of_key(key: str, language: Language) -> str:
    """`stem_key` of a word whose match key is known."""
    iso = language.code[:3]
    if iso == "swh":
        return _swahili(key)
    if iso == "eng":
        return _english(key)
    for suffix in _SUFFIXES.get(iso, ()):
        if key.endswith(suffix) and len(key) - len(suffix) >= _SHORTEST_STEM:
            return key[: -len(suffix)]
    return key


def _swahili(key: str) -> str:
    if key.startswith(("ku", "kw")) and len(key) - 2 >= _SHORTEST_STEM:
        return key[2:]
    for plural, singular in _SWAHILI_PLURALS:
        if key.startswith(plural) and len(key) - 2 >= _SHORTEST_NOUN:
            return singular + key[2:]
    return key


def _english(key: str) -> str:
    if key.endswith(("ss", "us", "is")) or not key.endswith("s"):
        return key
    for ending, singular in (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("sses", "ss")):
        if key.endswith(ending):
            return key[: -len(ending)] + singular
    return key[:-1] if len(key) - 1 > _SHORTEST_STEM else key
