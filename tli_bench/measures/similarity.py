"""Cosine similarity of two sets of vectors, and what a pool of wrong pairs says about it."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tli_bench.base.errors import UnscorableError

# Float32 products of unit vectors are accurate to a few 1e-7 of the product of their lengths.
_RELATIVE_TIE = 1e-6
_ABSOLUTE_TIE = 1e-12
_ROWS_AT_ONCE = 128
# Rows longer than this, or shorter than its inverse, are rescaled first: float32 cannot hold their squares.
_FLOAT32_SAFE = 1e15


class Cosines(NamedTuple):
    """A cosine matrix `[n, m]` in float64, and the difference below which two of its entries are a tie."""

    values: Tensor
    tolerance: float


def require_scorable(x: Tensor, *, name: str) -> None:
    """Raise UnscorableError, naming the first bad row, unless `x` is `[n, d]`, finite and without zero vectors."""
    if x.ndim != 2 or x.shape[1] == 0:
        raise UnscorableError(f"{name} must be [n, d] with d > 0, got shape {tuple(x.shape)}")
    norms = torch.linalg.vector_norm(x.detach(), dim=1)
    if norms.min() > 0 and norms.max() < torch.inf:
        return
    # A norm can also overflow or vanish for a good row, so the largest entry decides (ten times slower).
    largest = _largest(x)
    finite = torch.isfinite(largest)
    if not finite.all():
        bad = (~finite).nonzero().flatten()
        raise UnscorableError(
            f"{name} holds NaN or infinity in {len(bad)} of {len(x)} rows, first in row {int(bad[0])}; "
            "the model overflowed or is broken: try a wider dtype or check the weights"
        )
    if not largest.all():
        bad = (largest == 0).nonzero().flatten()
        raise UnscorableError(
            f"{name} holds {len(bad)} zero vectors of {len(x)}, first in row {int(bad[0])}; "
            "a zero vector has no direction"
        )


def cosine_matrix(source: Tensor, target: Tensor) -> Cosines:
    """Cosine of every row of `source` `[n, d]` with every row of `target` `[m, d]`.

    Each side's mean direction is taken out before the float32 product and put back in float64. Under an attention
    sink all cosines are 0.9999..., and a plain float32 product would round away the little that tells words apart.
    """
    a, b = _Directions(source), _Directions(target)
    rows, across = a.minus_own_shift(b.shift)
    columns, down = b.minus_own_shift(a.shift)
    values = (rows @ columns.T).double()
    values += across[:, None] + down[None, :] + a.shift @ b.shift
    spread = float(rows.norm(dim=1).max() * columns.norm(dim=1).max())
    return Cosines(values, max(_RELATIVE_TIE * spread, _ABSOLUTE_TIE))


def unit_rows(x: Tensor) -> Tensor:
    """Rows `[n, d]` divided by their Euclidean length, float32, safe for very long and very short rows."""
    x = x.detach().float()
    x = x / _largest(x)[:, None]
    return x / torch.linalg.vector_norm(x, dim=1, keepdim=True)


def mismatched_per_pair(similarity: Tensor, gold: Tensor) -> Tensor:
    """Mean similarity `[n]` of source i with every wrong target and of target i with every wrong source.

    similarity: `[n, n]`. gold: bool `[n, n]`. Raises UnscorableError when some pair has no wrong candidate.
    """
    wrong = ~gold
    masked = similarity.masked_fill(gold, 0.0)
    count = wrong.sum(dim=0) + wrong.sum(dim=1)
    if not count.all():
        row = int((count == 0).nonzero()[0])
        raise UnscorableError(
            f"pair {row} has no mismatched candidate: every word of the pool is an accepted translation"
        )
    return (masked.sum(dim=0) + masked.sum(dim=1)) / count


def auc_per_pair(matched: Tensor, mismatched: Tensor, *, tolerance: float = 0.0) -> NDArray[np.float64]:
    """Share of mismatched similarities `[m]` that each matched one `[n]` exceeds, ties counted half.

    Their mean is the AUC: Mann-Whitney U / (n m) (Mann and Whitney 1947). Values within `tolerance` are
    ties. Raises UnscorableError when either side is empty.
    """
    if matched.numel() == 0 or mismatched.numel() == 0:
        raise UnscorableError("AUC needs at least one matched and one mismatched similarity")
    # Sorting the many and looking up the few, in numpy, is twenty times faster than the reverse in torch.
    ordered = np.sort(mismatched.detach().cpu().numpy())
    values = matched.detach().cpu().numpy()
    below = np.searchsorted(ordered, values - tolerance)
    below_or_tied = np.searchsorted(ordered, values + tolerance, side="right")
    return np.asarray(0.5 * (below + below_or_tied) / len(ordered))


def clipscore_per_pair(matched: Tensor) -> Tensor:
    """2.5 * max(cos, 0) of each pair `[n]`: the rescaling of CLIPScore (Hessel et al. 2021), range 0 to 2.5."""
    return 2.5 * matched.clamp(min=0)


def _largest(x: Tensor) -> Tensor:
    """Largest absolute entry of each row `[n]`."""
    return torch.linalg.vector_norm(x.detach(), ord=torch.inf, dim=1)


class _Directions:
    """Rows of one side `[n, d]` as unit vectors, and a shift `[d]` near their mean."""

    def __init__(self, x: Tensor) -> None:
        x = x.detach().float()
        norms = torch.linalg.vector_norm(x, dim=1)
        if norms.max() > _FLOAT32_SAFE or norms.min() < 1 / _FLOAT32_SAFE:
            x = x / _largest(x)[:, None]
            norms = torch.linalg.vector_norm(x, dim=1)
        self.x = x
        # Any vector near the mean serves, so float32 sums are enough.
        self.shift = ((1.0 / norms) @ x / len(x)).double()

    def minus_own_shift(self, other: Tensor) -> tuple[Tensor, Tensor]:
        """Unit rows less the shift (float32 `[n, d]`), and their products with the other side's (float64 `[n]`).

        Computed in blocks of rows: a float64 copy of the whole costs several times the arithmetic.
        """
        rows = torch.empty_like(self.x)
        across = torch.empty(len(self.x), dtype=torch.float64, device=self.x.device)
        for start in range(0, len(self.x), _ROWS_AT_ONCE):
            block = slice(start, start + _ROWS_AT_ONCE)
            unit = self.x[block].double()
            unit.div_(unit.square().sum(dim=1, keepdim=True).sqrt()).sub_(self.shift)
            across[block] = unit @ other
            rows[block] = unit
        return rows, across
