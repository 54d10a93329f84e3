"""Measures of the recent literature, next to ours: each is computed only when it is asked for (`--measures`).

One idea a file; each file states the formula, its source, and every choice that the source leaves open or that words ask for.
"""

from collections.abc import Iterator

from tli_bench.measures.literature import anc, dali, directions, isomorphism, isoscore, neuronxa, spectra
from tli_bench.measures.measure import Measure


def literature() -> Iterator[Measure]:
    """All of them, in the order in which tables show them."""
    for file in (dali, neuronxa, directions, isomorphism, spectra, isoscore, anc):
        yield from file.MEASURES
