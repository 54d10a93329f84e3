"""Retrieval read from ranks: hits and reciprocal ranks of words, and all that ranks and cosines alone determine.

Plain arrays: no torch is needed to read a record.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from tli_bench.base.errors import UnscorableError
from tli_bench.measures.measure import Column, as_column

Side = Literal["forward", "backward"]
FROM_RANKS = ("cosine", "mismatched", "gap", "p1", "p5", "p10", "mrr")
"""Measures that cosines and ranks determine."""


def hits(ranks: ArrayLike, k: int) -> Column:
    """1 for each of `ranks` `[n]` that is among the `k` nearest, else 0, NaN for a rank of NaN; their mean is P@k.

    Raises UnscorableError when the pool holds no more than `k` words: P@k would be 1 whatever the model does.
    """
    found = as_column(ranks)
    if len(found) <= k:
        raise UnscorableError(f"P@{k} over a pool of {len(found)} is always 1; give more than {k} pairs")
    return np.where(np.isnan(found), np.nan, found <= k)


def reciprocal(ranks: ArrayLike) -> Column:
    """1 / rank `[n]`, float64; the mean is MRR: 1 is perfect, 1 / n what collapsed vectors get."""
    return 1.0 / as_column(ranks)


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedWords:
    """A view of which only cosines and ranks `[n]` were kept, NaN where a word has none.

    Measures that need nothing else (the cosines, the gap, P@k, MRR) read their columns from it as from a `LayerView`.
    """

    matched: Column
    mismatched_per_pair: Column
    ranks_forward: Column
    ranks_backward: Column

    @property
    def n(self) -> int:
        """Number of words."""
        return len(self.matched)

    @property
    def provides(self) -> frozenset[str]:
        """What this view offers to measures."""
        return frozenset({"vectors"})

    def once(self, key: Hashable, make: Callable[[], Column]) -> Column:
        """As `LayerView.once`, though nothing is remembered: what was kept is read again as quickly."""
        return make()

    @property
    def gap_per_pair(self) -> Column:
        """Matched minus mismatched cosine `[n]`."""
        return self.matched - self.mismatched_per_pair

    def hits(self, k: int, side: Side) -> Column:
        """As `LayerView.hits`."""
        return hits(getattr(self, f"ranks_{side}"), k)

    def reciprocal_ranks(self, side: Side) -> Column:
        """As `LayerView.reciprocal_ranks`."""
        return reciprocal(getattr(self, f"ranks_{side}"))
