"""Rank correlation with a permutation test and a bootstrap interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats as sps

from tli_bench.errors import UnscorableError
from tli_bench.stats.arrays import Floats, paired_arrays
from tli_bench.stats.bootstrap import Interval, draws, percentiles


@dataclass(frozen=True, slots=True)
class SpearmanResult:
    """Rank correlation of `n` items, its permutation p-value (two-sided) and bootstrap interval (None: see notes)."""

    n: int
    rho: float
    p: float
    ci: Interval | None
    notes: tuple[str, ...]


def spearman(
    x: ArrayLike, y: ArrayLike, *, seed: int = 0, resamples: int = 10_000, confidence: float = 0.95
) -> SpearmanResult:
    """Spearman's rank correlation of `x` and `y` `[n]`, ties averaged.

    Raises UnscorableError for fewer than three items or when one side is constant.
    """
    a, b = paired_arrays(minimum=3, x=x, y=y)
    for name, side in (("x", a), ("y", b)):
        if np.ptp(side) == 0:
            raise UnscorableError(f"a rank correlation is undefined: every value of {name} is {side[0]}")
    rho = float(_rank_correlation(a[None], b[None])[0])
    rng = np.random.default_rng(seed)
    boot, hits = [], 0
    ranks = sps.rankdata(b)
    for draw in draws(rng, len(a), resamples):
        boot.append(_rank_correlation(a[draw], b[draw]))
        shuffled = rng.permuted(np.broadcast_to(ranks, draw.shape), axis=1)
        hits += int((np.abs(_rank_correlation(a[None], shuffled)) >= abs(rho) - 1e-12).sum())
    usable = np.concatenate(boot)
    usable = usable[np.isfinite(usable)]
    # A resample of few items can be constant; when many are, the interval would describe only the lucky ones.
    enough = len(usable) >= 0.9 * resamples
    note = f"no interval: {resamples - len(usable)} of {resamples} resamples were constant; too few items"
    return SpearmanResult(
        n=len(a),
        rho=rho,
        p=(1 + hits) / (1 + resamples),
        ci=percentiles(usable, confidence) if enough else None,
        notes=() if enough else (note,),
    )


def _rank_correlation(x: Floats, y: Floats) -> Floats:
    """Row-wise rank correlation of `[rows, n]` arrays; NaN where a row is constant."""
    a, b = sps.rankdata(x, axis=1), sps.rankdata(y, axis=1)
    a -= a.mean(axis=1, keepdims=True)
    b -= b.mean(axis=1, keepdims=True)
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((a * b).sum(axis=1) / scale)
