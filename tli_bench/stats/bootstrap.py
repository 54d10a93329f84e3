"""Bootstrap interval of a mean; seeded, drawn in chunks."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tli_bench.base.errors import UnscorableError
from tli_bench.stats.arrays import Floats, clean

# Resamples are drawn in chunks of at most this many values: they stay in the cache, and memory stays flat.
_CHUNK_VALUES = 250_000


class Interval(NamedTuple):
    """A confidence interval, lower bound first."""

    low: float
    high: float


def bootstrap_ci(values: ArrayLike, *, seed: int = 0, resamples: int = 10_000, confidence: float = 0.95) -> Interval:
    """Percentile bootstrap interval of the mean of `values` `[n]`."""
    array = clean(values, "values", minimum=2)
    rng = np.random.default_rng(seed)
    means = np.concatenate([array[draw].mean(axis=1) for draw in draws(rng, len(array), resamples)])
    return percentiles(means, confidence)


def draws(rng: np.random.Generator, n: int, resamples: int) -> Iterator[NDArray[np.int32]]:
    """Index arrays `[chunk, n]` drawn with replacement, `resamples` rows in all."""
    for count in chunks(n, resamples):
        yield rng.integers(0, n, size=(count, n), dtype=np.int32)


def chunks(n: int, resamples: int) -> Iterator[int]:
    """Sizes of the chunks in which `resamples` draws of `n` values are made."""
    if resamples < 1:
        raise UnscorableError(f"resamples must be at least 1, got {resamples}")
    size = max(1, _CHUNK_VALUES // n)
    for start in range(0, resamples, size):
        yield min(size, resamples - start)


def percentiles(estimates: Floats, confidence: float) -> Interval:
    """The central `confidence` part of bootstrap estimates."""
    if not 0 < confidence < 1:
        raise UnscorableError(f"confidence must lie between 0 and 1, got {confidence}")
    tail = (1 - confidence) / 2
    low, high = np.quantile(estimates, [tail, 1 - tail])
    return Interval(float(low), float(high))


def cluster_ids(clusters: Sequence[Any] | None, n: int) -> NDArray[Any]:
    """One label per value `[n]`; without `clusters` every value is its own cluster."""
    if clusters is None:
        return np.arange(n)
    if len(clusters) != n:
        raise UnscorableError(f"{len(clusters)} cluster labels for {n} values; give one label per value")
    return np.asarray([str(label) for label in clusters])
