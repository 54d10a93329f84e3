"""Corrections of p-values for many tests at once."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tli_bench.stats.arrays import Floats, p_values


def holm(p: ArrayLike) -> Floats:
    """Holm's step-down adjusted p-values `[m]`, in the order given: they bound the family-wise error (Holm 1979)."""
    values = p_values(p)
    order = np.argsort(values, kind="stable")
    adjusted = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    return _unsort(np.minimum(adjusted, 1.0), order)


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Benjamini-Hochberg adjusted p-values `[m]`, in the order given: they bound the false discovery rate (1995)."""
    values = p_values(p)
    order = np.argsort(values, kind="stable")
    scaled = values[order] * len(values) / np.arange(1, len(values) + 1)
    return _unsort(np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0), order)


def _unsort(values: Floats, order: NDArray[np.int64]) -> Floats:
    out = np.empty_like(values)
    out[order] = values
    return out
