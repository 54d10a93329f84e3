"""Lexical distance of two languages from words for the same concepts, in one spelling where their scripts differ."""

from collections.abc import Sequence

from tli_bench.languages import Language
from tli_bench.lexicon.romanise import romanise
from tli_bench.measures.distance import lexical_distance


def distance_of(sources: Sequence[str], targets: Sequence[str], source: Language, target: Language) -> float:
    """LDND of two lists `[n]`, word i of both being concept i; raises UnscorableError as `lexical_distance` does."""
    if source.script != target.script:
        sources = [romanise(word, source) for word in sources]
        targets = [romanise(word, target) for word in targets]
    return lexical_distance(sources, targets).ldnd
