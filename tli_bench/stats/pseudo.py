"""Intervals and tests from one pseudo-value per concept: every figure with a plus-minus comes from here.

A pseudo-value says how much a number moves when one concept leaves (`measures.pool`); their mean is the number itself and
they behave as independent values although words share a pool, so Student's t applies. Coverage: docs/explanation/verdicts.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from tli_bench.base.errors import UnscorableError
from tli_bench.stats.arrays import Floats, clean, paired_arrays

MIN_WORDS = 20
"""With fewer concepts no interval is claimed, and no test is made."""
_DRAWS = 4000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over `n` concepts with its standard error and 95 % interval; both bounds None under `MIN_WORDS` concepts.

    t, p: Student's t-test of the mean against zero, two-sided; None where there is no spread or too few concepts.
    """

    n: int
    value: float
    se: float | None
    low: float | None
    high: float | None
    t: float | None
    p: float | None

    @property
    def ci(self) -> tuple[float, float] | None:
        """The interval, lower bound first."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    @property
    def d_z(self) -> float | None:
        """The mean over the standard deviation of the pseudo-values (Cohen's d_z of a change); None where there is no t."""
        return None if self.t is None else self.t / self.n**0.5


def estimate(phi: ArrayLike, *, logit: bool = False, level: float = 0.95) -> Estimate:
    """Mean of pseudo-values `[n]` with Student's t interval.

    logit: for a share between 0 and 1, the interval is computed on the logit scale by the delta method, and so stays inside.
    Raises UnscorableError for fewer than two concepts, NaN or infinity.
    """
    values = clean(phi, "pseudo-values", minimum=2)
    return _estimate(len(values), *_moments(values[:, None])[0], logit=logit, level=level)


def estimates(columns: Floats, *, level: float = 0.95) -> list[Estimate]:
    """As `estimate`, of each column of pseudo-values `[n, L]`, which must be finite: boards need one for every row of every table."""
    return [_estimate(len(columns), *each, logit=False, level=level) for each in _moments(columns)]


def _moments(columns: Floats) -> list[tuple[float, float, float]]:
    """Mean, standard error and largest size of each column `[n, L]`."""
    rows = np.ascontiguousarray(columns.T)  # summed in pairs along each row, as a column by itself is
    means, errors = rows.mean(axis=1), rows.std(axis=1, ddof=1) / len(columns) ** 0.5
    return list(zip(means.tolist(), errors.tolist(), np.abs(rows).max(axis=1).tolist(), strict=True))


def _estimate(n: int, mean: float, se: float, largest: float, *, logit: bool, level: float) -> Estimate:
    if n < MIN_WORDS:
        return Estimate(n, mean, se, None, None, None, None)
    flat = se <= 8 * np.finfo(np.float64).eps * max(1.0, largest)
    t = None if flat else mean / se
    p = None if t is None else float(2 * special.stdtr(n - 1, -abs(t)))
    if flat and not largest:
        t, p = 0.0, 1.0
    # What scipy.stats.t computes, at a hundredth of the time.
    half = float(special.stdtrit(n - 1, 0.5 + level / 2)) * se
    low, high = mean - half, mean + half
    if logit and 0 < mean < 1:
        centre, spread = np.log(mean / (1 - mean)), half / (mean * (1 - mean))
        low, high = (float(1 / (1 + np.exp(-x))) for x in (centre - spread, centre + spread))
    return Estimate(n, mean, se, low, high, t, p)


def from_test(n: int, value: float, t: float | None, p: float | None) -> Estimate:
    """The estimate that Student's test of it against zero leaves: its standard error is `value / t`.

    n: concepts; t, p: None where there was no spread, and then the interval is the value, or there were too few concepts, and then
    there is none; nor is there one for a t of zero, which does not say how far the values spread.
    """
    if n < MIN_WORDS or t == 0:
        return Estimate(n, value, None, None, None, t, p)
    se = 0.0 if t is None else value / t
    half = float(special.stdtrit(n - 1, 0.975)) * se
    return Estimate(n, value, se, value - half, value + half, t, p)


def half_width(phi: ArrayLike, *, level: float = 0.95) -> float:
    """Half the width of Student's t interval of the mean of pseudo-values `[n]`."""
    values = clean(phi, "pseudo-values", minimum=2)
    return float(special.stdtrit(len(values) - 1, 0.5 + level / 2) * values.std(ddof=1) / len(values) ** 0.5)


def simultaneous(columns: Floats, *, level: float = 0.95, seed: int = 0) -> Floats:
    """Half-widths `[L]` of intervals of the means of `columns` `[n, L]` that hold together with probability `level`.

    The largest |t| over the columns by Gaussian multipliers (Chernozhukov et al. 2013), carried over to Student's t with the
    same tail, since the spread of n concepts is estimated too. A column without spread has width 0.
    """
    n, count = columns.shape
    centred = columns - columns.mean(axis=0)
    se = centred.std(axis=0, ddof=1) / n**0.5
    live = se > 1e-15
    if not live.any():
        return np.zeros(count)
    draws = np.random.default_rng(seed).standard_normal((_DRAWS, n))
    largest = np.abs(draws @ (centred[:, live] / n / se[live])).max(axis=1)
    tail = min(float(special.ndtr(-np.quantile(largest, level))), (1 - level) / 2)
    return np.asarray(-special.stdtrit(n - 1, tail) * se)


def difference(before: ArrayLike, after: ArrayLike) -> Estimate:
    """Change of a number over the same concepts, from its pseudo-values `[n]` before and after."""
    x, y = paired_arrays(before=before, after=after)
    return estimate(y - x)


def two_sample(first: ArrayLike, second: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Mean of `first` minus mean of `second`, over different concepts (Welch 1947); n is the number of the smaller side."""
    a, b = clean(first, "first", minimum=2), clean(second, "second", minimum=2)
    value, n = float(a.mean() - b.mean()), min(len(a), len(b))
    parts = [x.var(ddof=1) / len(x) for x in (a, b)]
    se = float(sum(parts) ** 0.5)
    if n < MIN_WORDS or se == 0.0:
        return Estimate(n, value, se, None, None, None, None)
    freedom = sum(parts) ** 2 / sum(v**2 / (len(x) - 1) for v, x in zip(parts, (a, b), strict=True))
    half = float(special.stdtrit(freedom, 0.5 + level / 2)) * se
    t = value / se
    return Estimate(n, value, se, value - half, value + half, t, float(2 * special.stdtr(freedom, -abs(t))))


def over_pairs(columns: Mapping[str, Mapping[str, float]]) -> tuple[tuple[str, ...], Floats]:
    """Pseudo-values of the mean over language pairs, one for each concept, so that a concept's pairs count as one.

    columns: by pair and concept. A concept that a pair lacks has no influence there.
    Raises UnscorableError without a pair.
    """
    values = [np.array(list(column.values())) for column in columns.values()]
    return clustered(values, [list(column) for column in columns.values()])


def clustered(
    values: Sequence[Floats], concepts: Sequence[Sequence[str]], *, weights: Sequence[float] = ()
) -> tuple[tuple[str, ...], Floats]:
    """As `over_pairs`, of several quantities at once: pseudo-values `[concepts, ...]` of the mean over pairs.

    values: for each pair `[words, ...]`; concepts: that of each word; weights: of each pair in the mean, all alike where there are
    none. Raises UnscorableError without a pair.
    """
    if not values:
        raise UnscorableError("a mean over pairs needs at least one pair")
    names = tuple(sorted({concept for pair in concepts for concept in pair}))
    place = {name: row for row, name in enumerate(names)}
    total = np.zeros((len(names), *values[0].shape[1:]))
    shares = weights or [1.0] * len(values)
    for column, words, share in zip(values, concepts, shares, strict=True):
        mean = column.mean(axis=0)
        total += share * mean
        np.add.at(total, [place[word] for word in words], (column - mean) * (share * len(names) / len(words)))
    return names, total / sum(shares)
