"""Which factor a spread comes from: variance components of values in fully crossed cells, such as pair, layer and seed."""

from dataclasses import dataclass

import numpy as np

from tli_bench.base.errors import UnscorableError
from tli_bench.stats.arrays import Floats


@dataclass(frozen=True, slots=True)
class Components:
    """Variances of the effects of each factor, in the order of the axes, and of the rest; each also as a share of their sum.

    rest: interactions and noise, which one value in a cell does not tell apart.
    """

    factors: tuple[float, ...]
    rest: float
    shares: tuple[float, ...]
    rest_share: float


def variance_components(values: Floats) -> Components:
    """Components of a crossed random-effects model without replicates, by the method of moments (ANOVA; Searle et al. 1992).

    values: one for each cell, an axis for each factor. An estimate below zero counts as none.
    Raises UnscorableError for a factor with fewer than two levels or values that are not finite.
    """
    if values.ndim < 2 or min(values.shape) < 2:
        raise UnscorableError("crossed effects need at least two factors with two levels each")
    if not np.isfinite(values).all():
        raise UnscorableError("crossed effects need a value in every cell")
    mean, cells = values.mean(), values.size
    squares, freedom = [], []
    for axis, levels in enumerate(values.shape):
        others = tuple(i for i in range(values.ndim) if i != axis)
        squares.append(cells / levels * float(((values.mean(axis=others) - mean) ** 2).sum()))
        freedom.append(levels - 1)
    left = float(((values - mean) ** 2).sum()) - sum(squares)
    rest = max(0.0, left / (cells - 1 - sum(freedom)))
    found = tuple(
        max(0.0, (square / free - rest) / (cells / levels))
        for square, free, levels in zip(squares, freedom, values.shape, strict=True)
    )
    total = sum(found) + rest
    shares = tuple(value / total if total else 0.0 for value in (*found, rest))
    return Components(found, rest, shares[:-1], shares[-1])
