"""Wilcoxon's signed-rank test (1945) with ties: exact for few differences, by the normal distribution for many."""

import numpy as np
from scipy import special

from tli_bench.stats.arrays import Floats

EXACT = 50
"""So many differences that are not zero are tested exactly, ties or not."""


def signed_rank_p(differences: Floats, *, tolerance: float = 0.0) -> float:
    """Two-sided p of paired `differences` `[n]`: zeros are left out, ties get their mean rank; 1 where nothing is left.

    tolerance: sizes that are no farther apart are ties, and sizes up to it are zero: what rounding tells apart is not ranked.
    Exact is conditional on the ties: over all 2^n signs of the ranks that there are.
    """
    ranks, above = _ranks(differences, tolerance)
    if not len(ranks):
        return 1.0
    total, won = int(ranks.sum()), int(ranks[above].sum())
    if len(ranks) > EXACT:
        z = (won - total / 2) / (float((ranks.astype(np.float64) ** 2).sum()) ** 0.5 / 2)
        return float(2 * special.ndtr(-abs(z)))
    ways = np.zeros(total + 1)
    ways[0] = 1.0
    for rank in ranks.tolist():
        ways[rank:] += ways[: total + 1 - rank].copy()
    far = np.abs(2 * np.arange(total + 1) - total) >= abs(2 * won - total)
    return float(ways[far].sum() / 2.0 ** len(ranks))


def _ranks(differences: Floats, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """Twice the rank of each size that is not zero, as integers `[m]`, and whether its difference is above zero `[m]`."""
    left = differences[np.abs(differences) > tolerance]
    left = left[np.argsort(np.abs(left), kind="stable")]
    tied = np.cumsum(np.diff(np.abs(left), prepend=np.abs(left[:1])) > tolerance)
    _, first, count = np.unique(tied, return_index=True, return_counts=True)
    return np.repeat(2 * first + count + 1, count), left > 0
