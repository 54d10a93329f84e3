"""By what the entries of a list are linked, small enough for a million of them: numbers in arrays in place of sets of texts."""

from array import array
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tli_bench.lexicon.entries import Entry

_PARTS = 16


class Links:
    """The `links` and `openings` of each of `entries`, by its place among them, as numbers from 0 to `size`.

    One that a single text of a single entry has links nothing and is left out. Texts are told apart by 64 bits of their hash: that
    two of twenty million ever fall together has a chance of 1 in 100,000.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        found, ends = array("q"), array("q", [0])
        for entry in entries:
            for texts in (entry.links, entry.openings):
                found.extend(map(hash, texts))
                ends.append(len(found))
        numbers, self.size = _shared(np.frombuffer(found, dtype=np.int64))
        kept = numbers >= 0
        places = np.concatenate([[0], np.cumsum(kept, dtype=np.int32)])
        self._ends = array("i", places[np.frombuffer(ends, dtype=np.int64)].tolist())
        self._numbers = array("i", numbers[kept].tobytes())

    def links(self, place: int) -> "array[int]":
        """Numbers of what links an entry to others."""
        return self._numbers[self._ends[2 * place] : self._ends[2 * place + 1]]

    def openings(self, place: int) -> "array[int]":
        """Numbers of what an entry could be derived from."""
        return self._numbers[self._ends[2 * place + 1] : self._ends[2 * place + 2]]


def _shared(hashes: NDArray[np.int64]) -> tuple[NDArray[np.int32], int]:
    """A number for every value `[n]` that occurs more than once, -1 for the others, and how many numbers there are."""
    numbers, count = np.full(len(hashes), -1, dtype=np.int32), 0
    for part in range(_PARTS):  # a part at a time: sorting all at once takes three times the memory
        where = np.flatnonzero((hashes & (_PARTS - 1)) == part)
        where = where[np.argsort(hashes[where], kind="stable")]
        values = hashes[where]
        first = np.ones(len(values), dtype=np.bool_)
        first[1:] = values[1:] != values[:-1]
        sizes = np.diff(np.append(np.flatnonzero(first), len(values)))
        several = sizes > 1
        named = np.where(several, count + np.cumsum(several) - 1, -1)
        numbers[where] = np.repeat(named, sizes)
        count += int(several.sum())
    return numbers, count
