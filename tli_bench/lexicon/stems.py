"""Citation affixes and regular plurals, so that `kusoma` and `-soma`, or `book` and `books`, count as one word.

Which affixes a language has is data (`words` in its file). Precise rather than complete: an affix is cut only where at
least three letters stay (two after a plural prefix), and a stem only matters when another word is that very stem.
Derivation (`balık`, `balıkçı`) makes a different word: `openings` finds such pairs so that splits keep them on one side,
but they are not leaks.
"""

from tli_bench.languages import Language
from tli_bench.lexicon.normalise import match_key

_SHORTEST_STEM = 3
# Of nouns with a class prefix: Swahili `mti`, `miti` tree and `kiti`, `viti` chair.
_SHORTEST_NOUN = 2
SHORTEST_BASE, LONGEST_ENDING = 5, 3


def openings(key: str) -> list[str]:
    """The beginnings of a match key at which another word could be its base: at least 5 letters, 1 to 3 fewer than the key."""
    size = len(key)
    if size <= SHORTEST_BASE:
        return []
    return [key[:end] for end in range(max(SHORTEST_BASE, size - LONGEST_ENDING), size)]


def cut_citation(key: str, language: Language) -> str:
    """A match key without the affix that marks a verb's citation form, however short the rest; the key itself if there is none."""
    rules = language.words
    if rules.final_vowel:
        for prefix in rules.prefixes:
            if key.startswith(prefix) and key.endswith(rules.final_vowel):
                return key[len(prefix) :]
    for suffix in rules.citation:
        if key.endswith(suffix) and len(key) > len(suffix):
            return key[: -len(suffix)]
    return key


def stem_key(word: str, language: Language) -> str:
    """The match key of `word` without its citation affix or plural, or the match key itself if nothing is cut."""
    return stem_of_key(match_key(word, language), language)


def stem_of_key(key: str, language: Language) -> str:
    """`stem_key` of a word whose match key is known."""
    rules = language.words
    for prefix in rules.prefixes:
        if key.startswith(prefix) and len(key) - len(prefix) >= _SHORTEST_STEM:
            return key[len(prefix) :]
    for plural, singular in rules.plural_prefixes.items():
        if key.startswith(plural) and len(key) - len(plural) >= _SHORTEST_NOUN:
            return singular + key[len(plural) :]
    if rules.plural_endings and not key.endswith(rules.no_plurals):
        for ending, singular in rules.plural_endings.items():
            # An ending that is only cut, English `-s`, must leave a word; `gas` is not a plural.
            if key.endswith(ending) and (singular or len(key) - len(ending) > _SHORTEST_STEM):
                return key[: -len(ending)] + singular
    for suffix in rules.suffixes:
        if key.endswith(suffix) and len(key) - len(suffix) >= _SHORTEST_STEM:
            return key[: -len(suffix)]
    return key
