"""The paired comparison of two measurements of the same items: tests, interval and effect size."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from tli_bench.stats.arrays import paired_arrays
from tli_bench.stats.bootstrap import Interval, bootstrap_ci
from tli_bench.stats.permutation import sign_flip_p
from tli_bench.stats.signed_rank import signed_rank_p


@dataclass(frozen=True, slots=True)
class PairedResult:
    """What a before/after comparison of the same `n` items shows.

    difference: mean of after minus before. percent: difference over `mean_before`, times 100; None where `mean_before`
    is zero or negative, since a percentage of it has no direction. ci: percentile bootstrap interval of the difference.
    t, p: paired t-test, two-sided, n - 1 degrees of freedom. d_z: mean over standard deviation of the differences.
    wilcoxon_p: signed-rank test, exact for up to 50 differences that are not zero.
    permutation_p: sign-flip test, (1 + hits) / (1 + resamples).
    notes: why a value is None, one line each.
    """

    n: int
    mean_before: float
    mean_after: float
    difference: float
    percent: float | None
    ci: Interval
    t: float | None
    p: float | None
    d_z: float | None
    wilcoxon_p: float | None
    permutation_p: float
    notes: tuple[str, ...]


def paired(
    before: ArrayLike, after: ArrayLike, *, seed: int = 0, resamples: int = 10_000, confidence: float = 0.95
) -> PairedResult:
    """Compare two measurements `[n]` of the same items.

    What rounding alone tells apart is equal. If no value changed at all, the tests report t = 0 and p = 1. If all items
    changed by the same amount, there is no spread to estimate: t, p and d_z are None and a note says so.
    Raises UnscorableError for fewer than two items, lengths that differ, NaN or infinity.
    """
    x, y = paired_arrays(before=before, after=after)
    noise = 8 * np.finfo(np.float64).eps * max(float(np.abs(x).max()), float(np.abs(y).max()))
    differences = np.where(np.abs(y - x) <= noise, 0.0, y - x)
    n, mean, spread = len(x), float(differences.mean()), float(differences.std(ddof=1))
    notes: list[str] = []
    t: float | None
    p: float | None
    d_z: float | None
    wilcoxon_p: float | None
    if not differences.any():
        t, p, d_z, wilcoxon_p = 0.0, 1.0, 0.0, 1.0
        notes.append("no value changed")
    else:
        wilcoxon_p = signed_rank_p(differences, tolerance=noise)
        if spread <= noise:
            t = p = d_z = None
            notes.append("all differences are equal: t, p and d_z need a spread")
        else:
            d_z = mean / spread
            t = d_z * n**0.5
            p = float(2 * special.stdtr(n - 1, -abs(t)))
    mean_before = float(x.mean())
    if mean_before <= 0:
        notes.append("percent needs a positive mean before")
    return PairedResult(
        n=n,
        mean_before=mean_before,
        mean_after=float(y.mean()),
        difference=mean,
        percent=100 * mean / mean_before if mean_before > 0 else None,
        ci=bootstrap_ci(differences, seed=seed, resamples=resamples, confidence=confidence),
        t=t,
        p=p,
        d_z=d_z,
        wilcoxon_p=wilcoxon_p,
        permutation_p=sign_flip_p(differences, seed=seed, flips=resamples),
        notes=tuple(notes),
    )
