"""Edit distances between many words at once, by rapidfuzz."""

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from tli_bench.base.errors import UnscorableError


def edit_distances(sources: Sequence[str], targets: Sequence[str]) -> NDArray[np.int64]:
    """Levenshtein distance `[n, m]` of every source to every target, in code points after NFC normalisation.

    Raises UnscorableError for an empty word.
    """
    left, right = _composed(sources, name="source"), _composed(targets, name="target")
    return cdist(left, right, scorer=Levenshtein.distance, dtype=np.int64)


def normalised_distances(sources: Sequence[str], targets: Sequence[str]) -> NDArray[np.float64]:
    """Levenshtein distance over the longer length (LDN) `[n, m]`, 0 for equal words and at most 1."""
    distances = edit_distances(sources, targets)
    lengths = [np.array([len(unicodedata.normalize("NFC", word)) for word in side]) for side in (sources, targets)]
    return distances / np.maximum(lengths[0][:, None], lengths[1][None, :])


def _composed(words: Sequence[str], *, name: str) -> list[str]:
    if not len(words):
        raise UnscorableError(f"no {name} words; edit distance needs at least one on each side")
    composed = [unicodedata.normalize("NFC", word) for word in words]
    for row, word in enumerate(composed):
        if not word:
            raise UnscorableError(f"{name} word {row} is empty; an empty word has no edit similarity")
    return composed
