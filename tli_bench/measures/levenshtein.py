"""Edit distance of many words to many words at once, in numpy."""

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tli_bench.base.errors import UnscorableError

# Equals no code point, so padding never matches.
_END_OF_TARGET = -1


def edit_distances(sources: Sequence[str], targets: Sequence[str]) -> NDArray[np.int64]:
    """Levenshtein distance `[n, m]` of every source to every target, in code points after NFC normalisation.

    One source runs against all targets together; insertions along a row are a running minimum, so a step over one
    source character costs a few array operations. Raises UnscorableError for an empty word.
    """
    left, right = _points(sources, name="source"), _points(targets, name="target")
    lengths = np.array([len(word) for word in right])
    table = np.full((len(right), int(lengths.max())), _END_OF_TARGET)
    for row, word in enumerate(right):
        table[row, : len(word)] = word
    columns = np.arange(table.shape[1] + 1)
    out = np.empty((len(left), len(right)), dtype=np.int64)
    every = np.arange(len(right))
    for i, word in enumerate(left):
        previous = np.broadcast_to(columns, (len(right), len(columns)))
        for deleted, point in enumerate(word, start=1):
            current = np.empty_like(previous)
            current[:, 0] = deleted
            np.minimum(previous[:, 1:] + 1, previous[:, :-1] + (table != point), out=current[:, 1:])
            previous = np.minimum.accumulate(current - columns, axis=1) + columns
        out[i] = previous[every, lengths]
    return out


def normalised_distances(sources: Sequence[str], targets: Sequence[str]) -> NDArray[np.float64]:
    """Levenshtein distance over the longer length (LDN) `[n, m]`, 0 for equal words and at most 1."""
    distances = edit_distances(sources, targets)
    lengths = [np.array([len(unicodedata.normalize("NFC", word)) for word in side]) for side in (sources, targets)]
    return distances / np.maximum(lengths[0][:, None], lengths[1][None, :])


def _points(words: Sequence[str], *, name: str) -> list[NDArray[np.int64]]:
    if not len(words):
        raise UnscorableError(f"no {name} words; edit distance needs at least one on each side")
    coded = [np.array([ord(c) for c in unicodedata.normalize("NFC", word)], dtype=np.int64) for word in words]
    for row, word in enumerate(coded):
        if not len(word):
            raise UnscorableError(f"{name} word {row} is empty; an empty word has no edit similarity")
    return coded
