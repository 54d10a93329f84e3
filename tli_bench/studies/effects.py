"""Contrasts of a study from pseudo-values: words as one source of error, trainings as another, intervals that hold together.

A cell is a setting; each is trained in the same runs (trained pair and seed). Pseudo-values of the change are averaged over scored
pairs with a concept's pairs as one (`stats.pseudo.clustered`); runs are a crossed factor whose effect on all settings cancels in a
difference between settings, and whose interaction with settings does not. Two variances add up, each with its own degrees of
freedom (Satterthwaite 1946). Trainings on right pairs have variances of their own, and so have their differences from their twins, which
may scatter by far more. Pure arrays: no files, no models.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats as sps

from tli_bench.base.errors import UnscorableError
from tli_bench.stats.arrays import Floats
from tli_bench.stats.pseudo import MIN_WORDS, clustered

Correction = Literal["max-t", "bonferroni"]
_DRAWS = 4000
POWER = 0.8
"""Of the smallest effect that can be shown."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Changes against the base. columns: for each scope (a scored pair, a task) `[ids, settings, runs]`; ids: of its rows."""

    columns: tuple[Floats, ...]
    ids: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        shapes = {column.shape[1:] for column in self.columns}
        if len(shapes) != 1 or not all(np.isfinite(column).all() for column in self.columns):
            raise UnscorableError("every scope needs a finite value for every setting and run")

    def over(self, weights: Sequence[float] = ()) -> Floats:
        """Pseudo-values `[ids, settings, runs]` of the mean over scopes, or of a weighted sum whose weights may be negative."""
        if not weights:
            return clustered(self.columns, self.ids)[1]
        signed = [(sign, [max(0.0, sign * weight) for weight in weights]) for sign in (1.0, -1.0)]
        parts = [
            sign * sum(shares) * clustered(self.columns, self.ids, weights=shares)[1]
            for sign, shares in signed
            if sum(shares)
        ]
        return np.asarray(sum(parts))


@dataclass(frozen=True, slots=True)
class Effect:
    """One contrast. low, high: its 95 % interval, simultaneous over those asked for together; None under `MIN_WORDS` words.

    words_se, runs_se: the two parts of its standard error; runs_se is None for one run, and the interval is then over words alone.
    smallest: the smallest true effect that would be shown with a probability of 80 %.
    """

    value: float
    low: float | None
    high: float | None
    words_se: float
    runs_se: float | None
    smallest: float | None

    @property
    def shown(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def effects(
    phi: Floats,
    weights: Floats,
    *,
    twins: int = 0,
    correction: Correction = "max-t",
    level: float = 0.95,
    seed: int = 0,
) -> list[Effect]:
    """Contrasts `[contrasts, settings]` of pseudo-values `[ids, settings, runs]`, with intervals that hold together.

    A sum of weights that is not zero is a change against the base, and then what all settings of a run share counts as error too.
    twins: how many settings at the end are the twins of the first ones, in their order.
    """
    n, _, runs = phi.shape
    if n < 2:
        raise UnscorableError(f"a contrast needs at least 2 concepts, got {n}")
    per_word = phi.mean(axis=2) @ weights.T
    value = per_word.mean(axis=0)
    words = np.atleast_2d(np.cov(per_word, rowvar=False, ddof=1)) / n
    parts = [(words, n - 1)]
    for of_kind, means in _kinds(weights, phi.mean(axis=0), twins):
        shared, own = _run_parts(means)
        sums, settings = of_kind.sum(axis=1), len(means)
        parts.append((shared * np.outer(sums, sums) / runs, runs - 1))
        parts.append((own * (of_kind @ of_kind.T) / runs, (settings - 1) * (runs - 1) if settings > 1 else runs - 1))
    parts = [(matrix, freedom) for matrix, freedom in parts if freedom > 0]
    whole = sum(matrix for matrix, _ in parts)
    variances = np.diag(whole)
    se = np.sqrt(np.maximum(variances, 0.0))
    spread = sum(np.diag(matrix) ** 2 / freedom for matrix, freedom in parts)
    freedom = np.where(variances > 0, variances**2 / np.where(spread > 0, spread, 1.0), n - 1)
    if n < MIN_WORDS:
        return [
            Effect(float(v), None, None, float(w), None, None)
            for v, w in zip(value, np.diag(words) ** 0.5, strict=True)
        ]
    critical = sps.t.isf(_tail(whole, se, correction, level, seed), freedom)
    smallest = (critical + sps.t.ppf(POWER, freedom)) * se
    run_se = np.sqrt(np.maximum(variances - np.diag(words), 0.0))
    return [
        Effect(
            value=float(value[c]),
            low=float(value[c] - critical[c] * se[c]),
            high=float(value[c] + critical[c] * se[c]),
            words_se=float(words[c, c] ** 0.5),
            runs_se=float(run_se[c]) if runs > 1 else None,
            smallest=float(smallest[c]),
        )
        for c in range(len(weights))
    ]


def _kinds(weights: Floats, means: Floats, twins: int) -> list[tuple[Floats, Floats]]:
    """Contrasts by what they are of, each with the means `[settings, runs]` of that: right settings alone, differences from
    their twins, or anything else. Weights of contrasts of another kind are zero.
    """
    settings = len(means) - twins
    right, twin = weights[:, :settings], weights[:, settings:]
    alone = np.array([not row.any() for row in twin])
    net = np.array(
        [row.any() and twins == settings and np.allclose(own, -row) for own, row in zip(right, twin, strict=True)]
    )
    kinds = [(alone, right, means[:settings])]
    if net.any():
        kinds.append((net, right, means[:settings] - means[settings:]))
    kinds.append((~(alone | net), weights, means))
    return [(own * which[:, None], of) for which, own, of in kinds if which.any()]


def _run_parts(means: Floats) -> tuple[float, float]:
    """Variance of what all settings of a run share, and of a setting in a run by itself, from means `[settings, runs]` (ANOVA)."""
    settings, runs = means.shape
    if runs < 2:
        return 0.0, 0.0
    if settings < 2:
        return 0.0, float(means.var(ddof=1))
    by_run = means.mean(axis=0)
    left = means - means.mean(axis=1, keepdims=True) - by_run + means.mean()
    own = float((left**2).sum() / ((settings - 1) * (runs - 1)))
    return max(0.0, float(by_run.var(ddof=1)) - own / settings), own


def _tail(covariance: Floats, se: Floats, correction: Correction, level: float, seed: int) -> float:
    """One side's tail for every contrast together: the largest |z| of a Gaussian with this covariance, or Bonferroni."""
    count = len(se)
    if correction == "bonferroni" or count == 1:
        return (1 - level) / 2 / count
    live = se > 1e-15
    if not live.any():
        return (1 - level) / 2
    scale = np.outer(se[live], se[live])
    values, vectors = np.linalg.eigh(covariance[np.ix_(live, live)] / scale)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    largest = np.abs(np.random.default_rng(seed).standard_normal((_DRAWS, root.shape[1])) @ root.T).max(axis=1)
    return min(float(sps.norm.sf(np.quantile(largest, level))), (1 - level) / 2)


def smallest_effect(
    *,
    words: int,
    word_sd: float,
    runs: int,
    run_sd: float,
    settings: int,
    contrasts: int,
    weight: float = 2.0,
    level: float = 0.95,
) -> float:
    """The smallest value of a contrast that a design shows with 80 % power, before there are points.

    word_sd: of the pseudo-values of the difference; run_sd: of one training of one setting. weight: sum of the contrast's
    squared weights, 2 for a difference between two settings. Contrasts are corrected by Bonferroni.
    """
    parts = [(weight / 2 * word_sd**2 / words, words - 1)]
    if runs > 1:
        parts.append((weight * run_sd**2 / runs, max(1, settings - 1) * (runs - 1)))
    variance = sum(part for part, _ in parts)
    freedom = variance**2 / sum(part**2 / degrees for part, degrees in parts)
    tail = (1 - level) / 2 / max(1, contrasts)
    return float((sps.t.isf(tail, freedom) + sps.t.ppf(POWER, freedom)) * variance**0.5)


@dataclass(frozen=True, slots=True)
class Relation:
    """How a contrast changes with a property of the pairs. words: of these very pairs, over words; pairs: as if others were drawn.

    Both are slopes per unit of the property; `pairs` is None for fewer than four pairs.
    """

    words: Effect
    pairs: tuple[float, float] | None
    count: int


def relation(cells: Cells, weights: Floats, property_: Sequence[float], *, twins: int = 0) -> Relation:
    """Slope of one contrast `[settings]` over a property of the scopes, by least squares; raises UnscorableError where it does not vary.

    twins: as for `effects`.
    """
    x = np.asarray(property_, dtype=np.float64)
    apart = x - x.mean()
    size = float((apart**2).sum())
    if len(x) < 2 or size < 1e-12:
        raise UnscorableError("a slope needs at least two pairs that differ in the property")
    (words,) = effects(cells.over(list(apart / size)), weights[None, :], twins=twins)
    y = np.array([float(column.mean(axis=(0, 2)) @ weights) for column in cells.columns])
    if len(x) < 4:
        return Relation(words, None, len(x))
    found = sps.linregress(x, y)
    half = float(sps.t.ppf(0.975, len(x) - 2)) * float(found.stderr)
    return Relation(words, (float(found.slope) - half, float(found.slope) + half), len(x))
