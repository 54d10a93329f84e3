"""The two spaces in which words are ranked once their language's mean is gone: of directions, and of plain vectors."""

import torch
from torch import Tensor

_ON_THE_MEAN = 1e-6
"""Length below which what is left of a unit vector is rounding: the word has no direction of its own."""
TOLERANCE = 1e-7
"""Difference of two cosines below which they are a tie."""


def directions(x: Tensor) -> Tensor:
    """Rows `[n, d]` as unit vectors, float64."""
    rows = x.detach().double()
    rows = rows / torch.linalg.vector_norm(rows, ord=torch.inf, dim=1, keepdim=True)
    return rows / torch.linalg.vector_norm(rows, dim=1, keepdim=True)


def without_mean(x: Tensor, mean: Tensor, *, scale: float = 1.0) -> Tensor:
    """Rows `[n, d]` less `mean` `[d]`, as unit vectors, float64; a row that lies on the mean becomes zero.

    scale: length of a typical row before, against which "on the mean" is judged.
    """
    rows = x.detach().double() - mean.double()
    length = torch.linalg.vector_norm(rows, dim=1, keepdim=True)
    return torch.where(length > _ON_THE_MEAN * scale, rows / length.clamp(min=torch.finfo(torch.float64).tiny), 0.0)


def typical_length(x: Tensor) -> float:
    """Median Euclidean length of the rows `[n, d]`."""
    return float(torch.linalg.vector_norm(x.detach().double(), dim=1).median())
