"""Geometry of two clouds of vectors: centring, debiased CKA with its permutation null, and the attention sink."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tli_bench.base.errors import UnscorableError
from tli_bench.measures.similarity import require_scorable

_BLOCKS = 6
"""Parts of a symmetric product: more of them save less than they cost."""


class Centre(NamedTuple):
    """Means `[d]` of each language, fitted on words that are not scored: of its vectors, and of its unit vectors (float64)."""

    source_mean: Tensor
    target_mean: Tensor
    source_direction: Tensor
    target_direction: Tensor


def centre(fit_source: Tensor, fit_target: Tensor) -> Centre:
    """Means of each language's vectors `[n_fit, d]`, to be subtracted; fit them on held-out words only.

    Removing the mean is the mildest cure for anisotropy (Ethayarajh 2019).
    Raises UnscorableError for fewer than 2 words.
    """
    for name, x in (("fitting source", fit_source), ("fitting target", fit_target)):
        require_scorable(x, name=name)
        if len(x) < 2:
            raise UnscorableError(f"{name} has {len(x)} vectors; a mean to remove needs at least 2")
    if fit_source.shape[1] != fit_target.shape[1]:
        raise UnscorableError(f"fitting vectors differ in width: {fit_source.shape[1]} and {fit_target.shape[1]}")
    plain = (x.detach().double().mean(dim=0).float() for x in (fit_source, fit_target))
    unit = (_mean_direction(x) for x in (fit_source, fit_target))
    return Centre(*plain, *unit)


def _mean_direction(x: Tensor) -> Tensor:
    """Mean `[d]` of the rows as unit vectors, float64."""
    rows = x.detach().double()
    lengths = torch.linalg.vector_norm(rows, dim=1)
    if not (
        lengths.min() > 0 and lengths.max() < torch.inf
    ):  # float64 holds the square of every float32, but not of its own
        rows = rows / torch.linalg.vector_norm(rows, ord=torch.inf, dim=1, keepdim=True)
        lengths = torch.linalg.vector_norm(rows, dim=1)
    return (1 / lengths) @ rows / len(rows)


def debiased_cka(source: Tensor, target: Tensor) -> float:
    """Debiased linear CKA of `source` and `target` `[n, d]` with the HSIC_1 estimator of Song et al. (2012).

    About 0 for unrelated vectors whatever n and d (the biased form tends to 1 when d is much larger than n); it can be
    slightly negative. Raises UnscorableError for n < 4 or when one side does not vary.
    """
    k, l = u_centred_gram(source), u_centred_gram(target)  # noqa: E741
    return _dot(k, l) / _self_similarity(k, l)


def cka_permutation_p(source: Tensor, target: Tensor, *, permutations: int = 1000, seed: int = 0) -> float:
    """One-sided permutation p-value of `debiased_cka` under shuffled pairing: (1 + hits) / (1 + permutations).

    Only one centred Gram matrix is reordered for each permutation; the denominator does not change.
    """
    if permutations < 1:
        raise UnscorableError(f"permutations must be at least 1, got {permutations}")
    k, l = u_centred_gram(source), u_centred_gram(target)  # noqa: E741
    scale = _self_similarity(k, l)
    observed = _dot(k, l)
    generator = torch.Generator().manual_seed(seed)
    fixed, moved = k.cpu().numpy(), l.cpu().numpy()  # whose `take` along columns is twice as quick as torch's
    hits = 0
    for _ in range(permutations):
        order = torch.randperm(len(l), generator=generator).numpy()
        shuffled = np.vdot(fixed, moved.take(order, axis=0).take(order, axis=1))
        hits += int(shuffled >= observed - 1e-12 * scale)
    return (1 + hits) / (1 + permutations)


def u_centred_gram(x: Tensor) -> Tensor:
    """U-centred linear Gram matrix `[n, n]` of `x` `[n, d]`, float64, zero diagonal (Szekely and Rizzo 2014).

    Every row sums to zero, and the plain product sum of two such matrices is n (n - 3) times HSIC_1.
    """
    n = len(x)
    if n < 4:
        raise UnscorableError(f"debiased CKA needs at least 4 pairs, got {n}")
    x = x.detach().float()
    # The estimator does not change under translation; float32 arithmetic does, when the mean dwarfs the differences.
    # Taking out a row first leaves exact zeros where all rows are equal; a rounded mean would leave noise.
    x = x - x[0]
    if not x.any():
        raise UnscorableError("debiased CKA is undefined: all vectors of one side are equal")
    x -= x.mean(dim=0)
    x /= torch.maximum(x.max(), -x.min())
    gram = _with_itself(x)
    gram.fill_diagonal_(0.0)
    rows = gram.sum(dim=1) / (n - 2)
    gram -= rows[:, None]
    gram -= (rows - rows.sum() / (n - 1))[None, :]
    gram.fill_diagonal_(0.0)
    return gram


def _with_itself(x: Tensor) -> Tensor:
    """`x x'` `[n, n]` in float64, of which only the blocks on one side of the diagonal are multiplied out."""
    gram = torch.empty(len(x), len(x), dtype=torch.float64, device=x.device)
    step = max(64, -(-len(x) // _BLOCKS))
    for start in range(0, len(x), step):
        rows = slice(start, start + step)
        found = x[rows] @ x[: start + step].T
        gram[rows, : start + step] = found
        gram[: start + step, rows] = found.T
    return gram


def sink_ratio(first_position_norm: Tensor | float, other_norms: Tensor) -> float:
    """Norm of position 0 over the median norm of the other positions `[k]`: hundreds under an attention sink.

    A vector of first-position norms is averaged. Sun et al. 2024 (massive activations); Xiao et al. 2023 (sinks).
    Raises UnscorableError if there is no other position, for NaN, or for a median of zero.
    """
    first = torch.as_tensor(first_position_norm).detach().double()
    others = other_norms.detach().double().flatten()
    if others.numel() == 0 or first.numel() == 0:
        raise UnscorableError("the sink ratio needs position 0 and at least one other position")
    if not (torch.isfinite(first).all() and torch.isfinite(others).all()):
        raise UnscorableError("the sink ratio is undefined: a norm is NaN or infinite")
    median = float(np.median(others.cpu().numpy()))
    if median <= 0:
        raise UnscorableError("the sink ratio is undefined: the median norm of the other positions is 0")
    return float(first.mean()) / median


def _dot(k: Tensor, l: Tensor) -> float:  # noqa: E741
    """Sum of the products of two matrices' entries."""
    return float(torch.dot(k.reshape(-1), l.reshape(-1)))


def _self_similarity(k: Tensor, l: Tensor) -> float:  # noqa: E741
    scale = (_dot(k, k) * _dot(l, l)) ** 0.5
    if not scale > 0:
        raise UnscorableError("debiased CKA is undefined: one side does not vary beyond its mean")
    return scale
