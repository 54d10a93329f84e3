"""Retrieval over a pool too large for a matrix of its pairs: a few rows at a time, and who was nearer kept as bits.

The numbers are those of the matrix, not an estimate; of 20,000 words a space takes 100 MB where its matrix would take 3.2 GB.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tli_bench.base.errors import UnscorableError
from tli_bench.measures.measure import Column
from tli_bench.measures.pool import Matrix, Retrieval, pseudo_from
from tli_bench.measures.products import Places

MOST_AT_ONCE = 8192
"""Words of a pool whose pairs are held as one matrix."""
_ROWS = 256
Cells = tuple[NDArray[np.intp], NDArray[np.intp]]


@dataclass(frozen=True)
class PackedSide(Retrieval):
    """Retrieval in one direction. wins: who was at least as near, in bits `[n, n / 8]`; by_word: whether rows are words."""

    accepted: Cells
    counts: NDArray[np.int64]
    nearest: NDArray[np.int64]
    without: NDArray[np.int64]
    wins: NDArray[np.uint8]
    by_word: bool

    @property
    def beaten(self) -> NDArray[np.int64]:
        """As of `Retrieval`."""
        return self.counts

    @property
    def nearest_wrong(self) -> NDArray[np.int64]:
        """As of `Retrieval`."""
        return np.where(self.wrong > 0, self.nearest, -1)

    @property
    def _accepted(self) -> Cells:
        return self.accepted

    @property
    def _beaten_without_accepted(self) -> NDArray[np.int64]:
        return self.without

    def _times_wins(self, weights: Matrix) -> Matrix:
        n = len(self.counts)
        found = np.zeros_like(weights)
        for start in range(0, n, _ROWS):
            rows = slice(start, min(n, start + _ROWS))
            bits = np.unpackbits(self.wins[rows], axis=1, count=n).astype(np.float64)
            if self.by_word:
                found += weights[:, rows] @ bits
            else:
                found[:, rows] = (bits @ weights.T).T
        return found


class _Half:
    """One direction while the blocks go by. words, candidates: of the accepted pairs, word by word; values: their similarity."""

    def __init__(
        self, n: int, words: NDArray[np.intp], candidates: NDArray[np.intp], values: Column, tolerance: float
    ) -> None:
        order = np.lexsort((candidates, words))
        self.words, self.candidates, values = words[order], candidates[order], values[order]
        starts = np.searchsorted(self.words, np.arange(n))
        self.least = np.maximum.reduceat(values, starts) - tolerance
        self.beaten, self.nearest = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        self.highest = np.full(n, -np.inf)
        self.wins = np.empty((n, (n + 7) // 8), dtype=np.uint8)
        # An accepted word that leaves lets the next best of its word decide.
        several = np.bincount(self.words, minlength=n)[self.words] > 1
        self.cells = np.flatnonzero(several & (self.words != self.candidates))
        self.limits = (
            np.array(
                [_next_best(values, self.words, starts[self.words[cell]], cell) for cell in self.cells],
                dtype=np.float64,
            )
            - tolerance
        )
        self.left = np.zeros(len(self.cells), dtype=np.int64)

    def side(self, *, by_word: bool) -> PackedSide:
        """What was found."""
        without = self.beaten[self.words].copy()
        without[self.cells] = self.left
        return PackedSide((self.words, self.candidates), self.beaten, self.nearest, without, self.wins, by_word)


def _next_best(values: Column, words: NDArray[np.intp], start: np.intp, cell: np.intp) -> float:
    """The largest value of a word's accepted ones but for that of one cell."""
    end = int(np.searchsorted(words, words[cell], side="right"))
    return float(max(values[place] for place in range(int(start), end) if place != cell))


class LargePool:
    """One space of a large pool. block: its similarities `[k, l]` of some rows and columns; gold: bool `[n, n]`."""

    def __init__(self, block: Callable[[Places, Places], Tensor], gold: Tensor, tolerance: float) -> None:
        self._block, self._tolerance, self._n = block, tolerance, len(gold)
        self._rows, self._columns = (places.cpu().numpy() for places in gold.nonzero(as_tuple=True))

    @cached_property
    def matched(self) -> Column:
        """Similarity `[n]` of each pair."""
        return self._at(np.arange(self._n), np.arange(self._n))

    @property
    def sides(self) -> tuple[PackedSide, PackedSide]:
        """Retrieval from source to target, and from target to source."""
        forward, backward = self._halves
        return forward.side(by_word=True), backward.side(by_word=False)

    @cached_property
    def _counts(self) -> NDArray[np.int64]:
        """How many wrong pairs each word is in `[n]`, as source or target."""
        accepted = np.bincount(self._rows, minlength=self._n) + np.bincount(self._columns, minlength=self._n)
        return np.asarray(2 * self._n - accepted)

    @property
    def mismatched(self) -> Column:
        """Mean similarity `[n]` of each word to all wrong ones, of row and column."""
        if not self._counts.all():
            raise UnscorableError(
                "a word has no mismatched candidate: every word of the pool is an accepted translation"
            )
        _ = self._halves
        return np.asarray(self._sums / self._counts)

    def mismatched_pseudo(self) -> Column:
        """As `pool.mismatched_pseudo`."""
        return pseudo_from(self.mismatched, self._mismatched_without(), np.ones(self._n))

    def gap_pseudo(self) -> Column:
        """As `pool.gap_pseudo`."""
        left = self.matched.sum() - self.matched - self._mismatched_without()
        return pseudo_from(self.matched - self.mismatched, left, np.ones(self._n))

    def _mismatched_without(self) -> Column:
        """Sum over the other words of `mismatched` once each concept has left `[n]`. Raises UnscorableError as `pool.mismatched_pseudo`."""
        if not (self._counts > 2).all():
            raise UnscorableError("a pseudo-value of the mismatched cosine needs a second wrong word for every word")
        _ = self._halves
        counts, shares = self._counts, 1 / (self._counts - 2)
        found = (self._sums * shares).sum() - self._weighted
        # Where the two are accepted in one direction or both, or are one concept, fewer wrong pairs leave.
        pairs = {(int(i), int(k)) for i, k in zip(self._rows, self._columns, strict=True)}
        for i, k in pairs | {(k, i) for i, k in pairs}:
            fewer = 2 - ((i, k) in pairs) - ((k, i) in pairs)
            inside = self._inside.get((i, k), 0.0)
            held = self._sums[i] - inside
            found[k] += (held / (counts[i] - fewer) if i != k else 0.0) - held * shares[i]
        return np.asarray(found)

    @cached_property
    def _inside(self) -> dict[tuple[int, int], float]:
        """What a pair that is accepted in one direction alone adds to the sums of its two words by the other direction."""
        pairs = set(zip(self._rows.tolist(), self._columns.tolist(), strict=True))
        lone = [(i, k) for i, k in pairs if (k, i) not in pairs]
        if not lone:
            return {}
        values = self._at(np.array([k for _, k in lone]), np.array([i for i, _ in lone]))
        both = dict(zip(lone, values.tolist(), strict=True))
        return both | {(k, i): value for (i, k), value in both.items()}

    def _at(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Column:
        """Similarities of single pairs `[k]`."""
        found = [
            self._block(torch.from_numpy(rows[part]), torch.from_numpy(columns[part])).diagonal().cpu().numpy()
            for part in _parts(len(rows))
        ]
        return np.concatenate(found)

    @cached_property
    def _halves(self) -> tuple[_Half, _Half]:
        """Both directions, and the sums of the wrong similarities, from one pass over blocks of rows."""
        n, rows, columns = self._n, self._rows, self._columns
        values = self._at(rows, columns)
        forward = _Half(n, rows, columns, values, self._tolerance)
        backward = _Half(n, columns, rows, values, self._tolerance)
        self._sums, self._weighted = np.zeros(n), np.zeros(n)
        shares = 1 / np.maximum(self._counts - 2, 1)
        for part in _parts(n):
            block = self._block(part, slice(None)).cpu().numpy()
            first, last = np.searchsorted(rows, [part.start, part.stop])
            inside = rows[first:last] - part.start, columns[first:last]
            block[inside] = 0.0
            self._sums[part] += block.sum(axis=1)
            self._sums += block.sum(axis=0)
            self._weighted[part] += block @ shares
            self._weighted += shares[part] @ block
            block[inside] = -np.inf
            _see_rows(forward, block, part)
            _see_columns(backward, block, part)
        return forward, backward


def _see_rows(half: _Half, block: Matrix, part: slice) -> None:
    wins = block >= half.least[part, None]
    half.beaten[part] = wins.sum(axis=1)
    half.wins[part] = np.packbits(wins, axis=1)
    half.nearest[part] = block.argmax(axis=1)
    words = half.words[half.cells]
    first, last = np.searchsorted(words, [part.start, part.stop])
    for place in range(first, last):
        half.left[place] = (block[words[place] - part.start] >= half.limits[place]).sum()


def _see_columns(half: _Half, block: Matrix, part: slice) -> None:
    wins = block >= half.least[None, :]
    half.beaten += wins.sum(axis=0)
    half.wins[part] = np.packbits(wins, axis=1)
    best = block.argmax(axis=0)
    highest = block[best, np.arange(block.shape[1])]
    higher = highest > half.highest
    half.nearest[higher], half.highest[higher] = best[higher] + part.start, highest[higher]
    for place, cell in enumerate(half.cells):
        half.left[place] += (block[:, half.words[cell]] >= half.limits[place]).sum()


def _parts(n: int) -> Iterator[slice]:
    return (slice(start, min(n, start + _ROWS)) for start in range(0, n, _ROWS))
