"""Apostrophes, decided once: which characters are typed as one, and how a language writes it."""

from tli_bench.languages.language import Language

APOSTROPHES = "'`\u00b4\u02b9\u02bb\u02bc\u02bd\u2018\u2019\u201b\u2032\ua78c\uff07"
"""Characters that appear in the place of an apostrophe by typing, scanning or autocorrection."""

ANY_APOSTROPHE = frozenset(APOSTROPHES)


def with_own_apostrophes(word: str, language: Language) -> str:
    """`word` with every kind of apostrophe replaced by the one that the language writes there (Uzbek: `oʻ`, `gʻ`, else `ʼ`)."""
    if ANY_APOSTROPHE.isdisjoint(word):
        return word
    mark, after = language.writing.apostrophe, language.writing.apostrophe_after
    if not after:
        return "".join(mark if c in ANY_APOSTROPHE else c for c in word)
    out = ""
    for char in word:
        out += after.get(out[-1:].lower(), mark) if char in ANY_APOSTROPHE else char
    return out
