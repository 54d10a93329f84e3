"""Checks that every statistic makes on its input: one dimension, finite, equal lengths, enough values."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tli_bench.base.errors import UnscorableError

Floats = NDArray[np.float64]


def clean(values: ArrayLike, name: str, *, minimum: int) -> Floats:
    """`values` as a finite float64 array `[n]`; raises UnscorableError naming what is wrong with it."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise UnscorableError(f"{name} must be one-dimensional, got shape {array.shape}")
    if len(array) < minimum:
        raise UnscorableError(f"{name} has {len(array)} values; at least {minimum} are needed")
    bad = np.flatnonzero(~np.isfinite(array))
    if len(bad):
        raise UnscorableError(
            f"{name} holds {len(bad)} NaN or infinite values, first at index {bad[0]}; "
            "remove them or mark them unscored"
        )
    return array


def paired_arrays(*, minimum: int = 2, **arrays: ArrayLike) -> list[Floats]:
    """Several arrays `[n]` over the same items, each clean and all of the same length; raises UnscorableError."""
    checked = [clean(values, name, minimum=minimum) for name, values in arrays.items()]
    lengths = {name: len(array) for name, array in zip(arrays, checked, strict=True)}
    if len(set(lengths.values())) != 1:
        raise UnscorableError(f"paired values differ in length: {lengths}; give one value per item, in the same order")
    return checked


def p_values(p: ArrayLike) -> Floats:
    """P-values `[m]` between 0 and 1; raises UnscorableError."""
    values = clean(p, "p", minimum=1)
    if values.min() < 0 or values.max() > 1:
        raise UnscorableError(f"p-values lie between 0 and 1, got {values.min()} to {values.max()}")
    return values
