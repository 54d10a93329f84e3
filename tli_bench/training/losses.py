"""Losses between anchors and positives of one batch: pure functions of vectors, tested against their formulas."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from tli_bench.base.errors import UnscorableError

_EPS = 1e-5


class LossOptions(NamedTuple):
    """Numbers that some of the losses take."""

    margin: float = 0.4
    temperature: float = 0.05
    neighbours: int = 10


def negatives_of(gold: Tensor) -> Tensor:
    """Which positives may serve an anchor as a negative, bool `[batch, batch]`: those that are not a right answer.

    gold: `gold[i, j]` holds when positive j is an accepted translation of anchor i. The diagonal is never a negative.
    """
    return ~(gold.bool() | torch.eye(len(gold), dtype=torch.bool, device=gold.device))


def triplet(anchors: Tensor, positives: Tensor, negatives: Tensor, *, margin: float) -> Tensor:
    """Triplet loss with the hardest in-batch negative, distance 1 - cosine (arXiv 2506.15415).

    Mean over the anchors that have a negative of `max(0, margin + d(anchor, positive) - min d(anchor, negative))`.
    anchors, positives: `[batch, dim]`; negatives: bool `[batch, batch]`. Raises UnscorableError without any negative.
    """
    similarity = _cosines(anchors, positives)
    usable = _require(negatives).any(dim=1)
    hardest = similarity.masked_fill(~negatives, -torch.inf).amax(dim=1)
    return functional.relu(margin - similarity.diagonal()[usable] + hardest[usable]).mean()


def infonce(anchors: Tensor, positives: Tensor, negatives: Tensor, *, temperature: float) -> Tensor:
    """InfoNCE, mean of both directions: cross-entropy of the positive among the batch (van den Oord et al. 2018).

    Entries that are neither the positive nor a negative are left out of the denominator.
    """
    _require(negatives)
    own = torch.eye(len(anchors), dtype=torch.bool, device=anchors.device)
    logits = (_cosines(anchors, positives) / temperature).masked_fill(~(negatives | own), -torch.inf)
    target = torch.arange(len(anchors), device=anchors.device)
    return (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)) / 2


def cosine(anchors: Tensor, positives: Tensor) -> Tensor:
    """Mean of 1 - cosine of the matched pairs: no negatives, so nothing keeps the cone from narrowing."""
    return 1 - functional.cosine_similarity(anchors, positives, dim=1).mean()


def csls(anchors: Tensor, positives: Tensor, negatives: Tensor, *, neighbours: int) -> Tensor:
    """Relaxed CSLS: raises the matched cosine above the mean of each side's nearest neighbours (Joulin et al. 2018).

    Mean of `-2 cos(a, p) + mean top-k cos(a, .) + mean top-k cos(., p)` over the batch, k = min(neighbours, number of
    candidates); a candidate is the positive itself or a negative.
    """
    _require(negatives)
    similarity = _cosines(anchors, positives)
    own = torch.eye(len(anchors), dtype=torch.bool, device=anchors.device)
    kept = similarity.masked_fill(~(negatives | own), -torch.inf)
    forward, backward = _mean_top(kept, neighbours), _mean_top(kept.T, neighbours)
    return (forward + backward - 2 * similarity.diagonal()).mean()


def barlow(anchors: Tensor, positives: Tensor, *, off_diagonal: float = 5e-3) -> Tensor:
    """Barlow Twins: the cross-correlation of the two sides is driven to the identity (Zbontar et al. 2021).

    Divided by dim, so that its size does not grow with the model. Raises UnscorableError for a batch of one.
    """
    if len(anchors) < 2:
        raise UnscorableError("barlow standardises over the batch and needs at least 2 pairs in it")
    a, p = (_standardised(side) for side in (anchors, positives))
    correlation = a.T @ p / len(a)
    on = (correlation.diagonal() - 1).square().sum()
    off = correlation.square().sum() - correlation.diagonal().square().sum()
    return (on + off_diagonal * off) / correlation.shape[0]


def vicreg(anchors: Tensor, positives: Tensor) -> Tensor:
    """VICReg with its published weights 25, 25, 1, on unit-variance-scaled states (Bardes et al. 2022).

    Raises UnscorableError for a batch of one.
    """
    n, dim = anchors.shape
    if n < 2:
        raise UnscorableError("vicreg takes variances over the batch and needs at least 2 pairs in it")
    # Hidden states have no fixed scale: dividing by the anchors' own (no gradient) makes the hinge at 1 meaningful.
    scale = anchors.detach().std(dim=0).mean() + _EPS
    sides = (anchors / scale, positives / scale)
    invariance = functional.mse_loss(*sides)
    variance = sum((functional.relu(1 - (s.var(dim=0) + 1e-4).sqrt()).mean() / 2 for s in sides), anchors.new_zeros(()))
    covariance = anchors.new_zeros(())
    for side in sides:
        centred = side - side.mean(dim=0)
        matrix = centred.T @ centred / (n - 1)
        covariance = covariance + (matrix.square().sum() - matrix.diagonal().square().sum()) / dim
    return 25 * invariance + 25 * variance + covariance


def cka(anchors: Tensor, positives: Tensor) -> Tensor:
    """1 - linear CKA of the two sides of the batch (Kornblith et al. 2019), as TRepLiNa minimises it (arXiv 2510.06249).

    It asks that both sides have the same geometry, not that a word lies at its translation. Raises UnscorableError for a batch of
    one, or of equal vectors.
    """
    a, p = (side - side.mean(dim=0) for side in (anchors, positives))
    scale = (a @ a.T).norm() * (p @ p.T).norm()
    if len(anchors) < 2 or not scale > 0:
        raise UnscorableError(
            "cka compares how the pairs of a batch lie to each other and needs at least 2 different ones"
        )
    return 1 - (a.T @ p).square().sum() / scale


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss by name: `call(anchors, positives, negatives, options)`."""

    call: Callable[[Tensor, Tensor, Tensor, LossOptions], Tensor]
    needs_batch: bool
    summary: str


LOSSES: dict[str, Loss] = {
    "triplet": Loss(lambda a, p, n, o: triplet(a, p, n, margin=o.margin), True, "hardest in-batch negative, margin"),
    "infonce": Loss(lambda a, p, n, o: infonce(a, p, n, temperature=o.temperature), True, "both directions"),
    "csls": Loss(lambda a, p, n, o: csls(a, p, n, neighbours=o.neighbours), True, "relaxed CSLS"),
    "barlow": Loss(lambda a, p, n, o: barlow(a, p), True, "Barlow Twins; needs a batch, not negatives"),
    "vicreg": Loss(lambda a, p, n, o: vicreg(a, p), True, "VICReg; needs a batch, not negatives"),
    "cka": Loss(lambda a, p, n, o: cka(a, p), True, "1 - linear CKA; needs a batch, not negatives"),
    "cosine": Loss(lambda a, p, n, o: cosine(a, p), False, "matched pairs only"),
}


def _cosines(anchors: Tensor, positives: Tensor) -> Tensor:
    return functional.normalize(anchors, dim=1) @ functional.normalize(positives, dim=1).T


def _require(negatives: Tensor) -> Tensor:
    if not negatives.any():
        raise UnscorableError(
            "no pair of this batch has a negative: it holds one pair, or only translations of each other; "
            "use a larger batch"
        )
    return negatives


def _mean_top(similarity: Tensor, k: int) -> Tensor:
    top = similarity.topk(min(k, similarity.shape[1]), dim=1).values
    real = top.isfinite()
    return top.masked_fill(~real, 0).sum(dim=1) / real.sum(dim=1)


def _standardised(side: Tensor) -> Tensor:
    return (side - side.mean(dim=0)) / (side.std(dim=0, unbiased=False) + _EPS)
