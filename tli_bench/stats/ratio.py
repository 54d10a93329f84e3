"""Bootstrap intervals of a ratio of sums over sentences, such as accuracy over words or F1 over entities, and of its change."""

import numpy as np

from tli_bench.base.errors import UnscorableError
from tli_bench.stats.arrays import Floats
from tli_bench.stats.bootstrap import Interval, draws, percentiles

RESAMPLES = 2_000


def ratio(parts: Floats) -> float:
    """The sum of the numerators over that of the denominators; parts: `[sentences, 2]`. Raises UnscorableError for nothing to divide by."""
    above, below = parts.sum(axis=0)
    if below <= 0:
        raise UnscorableError("no denominator: there is nothing to score in these sentences")
    return float(above / below)


def ratio_ci(parts: Floats, before: Floats | None = None, *, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """95 % percentile interval of `ratio(parts)`, or of its change from `ratio(before)`: whole sentences are drawn, the same for both.

    A draw with nothing to divide by is left out. Raises UnscorableError for fewer than two sentences.
    """
    if len(parts) < 2:
        raise UnscorableError(f"an interval needs at least two sentences, got {len(parts)}")
    rng = np.random.default_rng(seed)
    found = []
    for draw in draws(rng, len(parts), resamples):
        values = _drawn(parts, draw)
        found.append(values if before is None else values - _drawn(before, draw))
    estimates = np.concatenate(found)
    return percentiles(estimates[np.isfinite(estimates)], 0.95)


def _drawn(parts: Floats, draw: np.ndarray) -> Floats:
    sums = parts[draw].sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums[:, 0] / sums[:, 1], dtype=np.float64)
