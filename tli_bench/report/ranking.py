"""Ranks that say what they do not know: a bootstrap over concepts gives each score and each rank an interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tli_bench.base.errors import UnscorableError

Floats = NDArray[np.float64]
# Two-sided 95 % of a normal distribution.
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Ranked:
    """One entry's place.

    rank: 1 + the number of entries that are better beyond doubt; tied: another entry is not separable from this one.
    ci: 95 % bootstrap interval of the score; rank_interval: of the rank by score.
    """

    score: float
    ci: tuple[float, float]
    rank: int
    tied: bool
    rank_interval: tuple[int, int]


def rank_entries(
    values: Sequence[Floats], concepts: Sequence[Sequence[str]], *, seed: int = 0, resamples: int = 1000
) -> list[Ranked]:
    """Rank entries by the mean over pairs of their mean over words, higher first.

    values: one array `[entries, words]` per pair, the same words for every entry; concepts: the concept of each word.
    Concepts are drawn with replacement and shared by all pairs and entries, so that a hard concept is hard for all.
    Two entries are tied when their difference is below 1.96 bootstrap standard errors of the difference; no correction
    for the number of entries. Raises UnscorableError for fewer than two concepts or values that are not finite.
    """
    if not values:
        raise UnscorableError("there is no pair to rank over")
    for pair in values:
        if not np.isfinite(pair).all():
            raise UnscorableError("a value is not finite; leave the entry out before ranking")
    scores = np.mean([pair.mean(axis=1) for pair in values], axis=0)
    drawn = resample_means(values, concepts, seed=seed, resamples=resamples)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=1)
    best, worst = _rank_interval(drawn)
    separable = _separable(scores, drawn)
    better = separable & (scores[:, None] > scores[None, :])
    places = 1 + better.sum(axis=0)
    tied = (~separable).sum(axis=1) > 1  # an entry is never separable from itself
    return [
        Ranked(
            score=float(scores[i]),
            ci=(float(low[i]), float(high[i])),
            rank=int(places[i]),
            tied=bool(tied[i]),
            rank_interval=(min(int(best[i]), int(places[i])), max(int(worst[i]), int(places[i]))),
        )
        for i in range(len(scores))
    ]


def resample_means(values: Sequence[Floats], concepts: Sequence[Sequence[str]], *, seed: int, resamples: int) -> Floats:
    """Mean over pairs of the means over words, `[entries, resamples]`, of concepts drawn with replacement.

    values, concepts: as for `rank_entries`. Raises UnscorableError where there is too little to draw from.
    """
    names = sorted({concept for pair in concepts for concept in pair})
    if len(names) < 2:
        raise UnscorableError(f"a bootstrap over concepts needs at least 2, there is {len(names)}")
    index = {name: i for i, name in enumerate(names)}
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples).astype(np.float64)
    total = np.zeros((resamples, values[0].shape[0]))
    filled = np.ones(resamples, dtype=bool)
    for pair, words in zip(values, concepts, strict=True):
        weights = counts[:, [index[word] for word in words]]
        size = weights.sum(axis=1)
        filled &= size > 0
        total += (weights @ pair.T) / np.maximum(size, 1)[:, None]
    # A draw in which some pair has no word at all cannot be scored; with more than a handful of words none occurs.
    kept = total[filled] / len(values)
    if len(kept) < resamples / 2:
        raise UnscorableError("too few words per pair for a bootstrap over concepts")
    return np.ascontiguousarray(kept.T)


def _rank_interval(drawn: Floats) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """2.5 % and 97.5 % of each entry's rank by score over the resamples of `drawn` `[entries, resamples]`."""
    count, resamples = drawn.shape
    order = np.argsort(-drawn.T, axis=1)
    ranks = np.empty((resamples, count), dtype=np.int32)
    np.put_along_axis(ranks, order, np.arange(1, count + 1, dtype=np.int32)[None, :], axis=1)
    ordered = np.sort(ranks.T, axis=1)
    tail = int(0.025 * (resamples - 1))
    return ordered[:, tail], ordered[:, resamples - 1 - tail]


def _separable(scores: Floats, drawn: Floats) -> NDArray[np.bool_]:
    """Which pairs `[entries, entries]` differ by more than 1.96 bootstrap standard errors of their difference."""
    covariance = np.atleast_2d(np.cov(drawn))
    spread = np.diag(covariance)
    variance = np.maximum(spread[:, None] + spread[None, :] - 2 * covariance, 0)
    # Rounding leaves about 1e-17 of variance between identical entries; 1e-9 of score is nothing.
    return np.abs(scores[:, None] - scores[None, :]) > _Z * np.sqrt(variance) + 1e-7
