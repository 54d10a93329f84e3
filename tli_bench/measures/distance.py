"""Lexical distance between two languages from their word lists, with a correction for chance."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tli_bench.base.errors import UnscorableError
from tli_bench.measures.levenshtein import normalised_distances


@dataclass(frozen=True, slots=True)
class LexicalDistance:
    """Distance between two word lists of `n` concepts.

    ldn: mean normalised edit distance of words for the same concept, 0 to 1. unrelated: the same over different
    concepts, which is what chance gives. ldnd: ldn over unrelated; 1 is no more alike than chance, and values above 1 occur.
    """

    n: int
    ldn: float
    unrelated: float
    ldnd: float


def lexical_distance(sources: Sequence[str], targets: Sequence[str]) -> LexicalDistance:
    """LDN and LDND of two lists `[n]`, word i of both being concept i (Bakker et al. 2009; Wichmann et al. 2010).

    Raises UnscorableError for fewer than two concepts or lists in different scripts: the letters of two scripts never
    match, so the distance would be that of the alphabets. Transliterate one list first.
    """
    if len(sources) != len(targets):
        raise UnscorableError(f"{len(sources)} sources for {len(targets)} targets; word i of both must be concept i")
    n = len(sources)
    if n < 2:
        raise UnscorableError(f"a lexical distance needs at least 2 concepts, got {n}")
    scripts = [_script(side, name=name) for name, side in (("source", sources), ("target", targets))]
    if scripts[0] != scripts[1]:
        raise UnscorableError(
            f"the lists are written in {scripts[0]} and {scripts[1]}; transliterate one of them first"
        )
    distances = normalised_distances(sources, targets)
    same = float(distances.trace()) / n
    unrelated = (float(distances.sum()) - float(distances.trace())) / (n * (n - 1))
    if unrelated <= 0:
        raise UnscorableError("LDND is undefined: all words of both lists are the same string")
    return LexicalDistance(n=n, ldn=same, unrelated=unrelated, ldnd=same / unrelated)


def _script(words: Sequence[str], *, name: str) -> str:
    """Script of most of the letters, by the first word of their Unicode names (`LATIN`, `CYRILLIC`, `ARABIC`)."""
    letters = Counter(unicodedata.name(c, "UNNAMED").split()[0] for word in words for c in word if c.isalpha())
    if not letters:
        raise UnscorableError(f"the {name} list holds no letter")
    return letters.most_common(1)[0][0]
