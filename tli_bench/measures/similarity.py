"""Cosine similarity of two sets of vectors, and what a pool of wrong pairs says about it."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tli_bench.base.errors import UnscorableError
from tli_bench.measures.products import Products

_BINS = 1 << 14


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

    One float64 product, from which nothing is lost under an attention sink; see `products`.
    """
    found = Products(source.detach().float(), target.detach().float())
    return Cosines(found.cosine(), found.tolerance)


def unit_rows(x: Tensor) -> Tensor:
    """Rows `[n, d]` divided by their Euclidean length, float32, safe for very long and very short rows."""
    x = x.detach().float()
    x = x / _largest(x)[:, None]
    return x / torch.linalg.vector_norm(x, dim=1, keepdim=True)


def mismatched_per_pair(similarity: Tensor, gold: Tensor) -> Tensor:
    """Mean similarity `[n]` of source i with every wrong target and of target i with every wrong source.

    similarity: `[n, n]`. gold: bool `[n, n]`. Raises UnscorableError when some pair has no wrong candidate.
    """
    rows, columns = gold.nonzero(as_tuple=True)
    accepted, count = similarity[rows, columns], torch.full((len(gold),), 2 * len(gold), device=gold.device)
    total = similarity.sum(dim=0) + similarity.sum(dim=1)
    # Hardly more than the diagonal is accepted: taking it off is quicker than leaving it out.
    for places in (rows, columns):
        count.index_add_(0, places, torch.ones_like(places), alpha=-1)
        total.index_add_(0, places, accepted, alpha=-1)
    if not count.all():
        row = int((count == 0).nonzero()[0])
        raise UnscorableError(
            f"pair {row} has no mismatched candidate: every word of the pool is an accepted translation"
        )
    return total / count


def auc_per_pair(matched: Tensor, mismatched: Tensor, *, tolerance: float = 0.0) -> NDArray[np.float64]:
    """Share of mismatched similarities `[m]` that each matched one `[n]` exceeds, ties counted half.

    Their mean is the AUC: Mann-Whitney U / (n m) (Mann and Whitney 1947). Values within `tolerance` are
    ties. Raises UnscorableError when either side is empty.
    """
    if matched.numel() == 0 or mismatched.numel() == 0:
        raise UnscorableError("AUC needs at least one matched and one mismatched similarity")
    many, values = mismatched.detach().cpu().numpy().ravel(), matched.detach().cpu().numpy()
    below, below_or_tied = _counts_below(many, values - tolerance, values + tolerance)
    return np.asarray(0.5 * (below + below_or_tied) / len(many))


def _counts_below(
    many: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many of `many` `[m]` are below each of `low` `[n]`, and at most each of `high` `[n]`.

    Counted in bins, without sorting: only what shares a bin with a limit is compared with it.
    """
    start, end = float(many.min()), float(many.max())
    scale = _BINS / (end - start) if end > start else 0.0

    def places(values: NDArray[np.float64]) -> NDArray[np.intp]:
        # Clipped and rounded down, never up: a value in a lower bin is the lower value.
        return np.clip((values - start) * scale, 0, _BINS - 1).astype(np.intp)

    of_many, of_low, of_high = places(many), places(low), places(high)
    shared = np.zeros(_BINS, dtype=bool)
    shared[of_low] = shared[of_high] = True
    counts = np.bincount(of_many, minlength=_BINS)
    before = np.concatenate([[0], np.cumsum(np.where(shared, 0, counts))])
    compared = np.sort(many[shared[of_many]])
    return (
        before[of_low] + np.searchsorted(compared, low),
        before[of_high] + np.searchsorted(compared, high, side="right"),
    )


def clipscore_per_pair(matched: Tensor) -> Tensor:
    """2.5 * max(cos, 0) of each pair `[n]`: the rescaling of CLIPScore (Hessel et al. 2021), range 0 to 2.5."""
    return 2.5 * matched.clamp(min=0)


def _largest(x: Tensor) -> Tensor:
    """Largest absolute entry of each row `[n]`."""
    return torch.linalg.vector_norm(x.detach(), ord=torch.inf, dim=1)
