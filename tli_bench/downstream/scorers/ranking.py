"""Scores of rankings: P@1, MRR, mean average precision, and error rates by margin of parallel sentences; arrays only."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tli_bench.base.errors import UnscorableError

Floats = NDArray[np.float64]
TOLERANCE = 1e-7


class RankingScore(NamedTuple):
    """Means over queries. pool: number of candidates each query is ranked against."""

    p1: float
    mrr: float
    map: float
    queries: int
    pool: int


def rank_scores(scores: Floats, gold: NDArray[np.bool_], *, tolerance: float = TOLERANCE) -> RankingScore:
    """P@1, MRR and mAP of `scores` `[queries, candidates]`, higher is nearer; gold: bool, same shape.

    A tie goes against the right candidate: wrong ones within `tolerance` are ranked before it, so that collapsed vectors
    score nothing. Raises UnscorableError for NaN, a query without a right candidate, or one without a wrong one.
    """
    if scores.shape != gold.shape or scores.ndim != 2 or not scores.size:
        raise UnscorableError(f"scores {scores.shape} and gold {gold.shape} must be the same non-empty matrix")
    if not np.isfinite(scores).all():
        raise UnscorableError("scores hold NaN or infinity; a ranking of them would be arbitrary")
    for name, missing in (("right", ~gold.any(axis=1)), ("wrong", gold.all(axis=1))):
        if missing.any():
            raise UnscorableError(f"query {int(missing.argmax())} has no {name} candidate; enlarge the pool or drop it")
    reciprocal, precision = [], []
    for row, right in zip(scores, gold, strict=True):
        wrong = np.sort(row[~right])
        own = np.sort(row[right])[::-1]
        before = len(wrong) - np.searchsorted(wrong, own - tolerance, side="left")
        ranks = before + np.arange(1, len(own) + 1)
        reciprocal.append(1.0 / ranks[0])
        precision.append(float(np.mean(np.arange(1, len(own) + 1) / ranks)))
    first = np.asarray(reciprocal)
    return RankingScore(
        float((first == 1.0).mean()), float(first.mean()), float(np.mean(precision)), len(scores), scores.shape[1]
    )


def xsim(similarity: Floats, *, neighbours: int = 4, tolerance: float = TOLERANCE) -> float:
    """xSIM as LASER computes it: share of rows of whose `neighbours` nearest columns the one of highest margin is not their own.

    As `margin_error`, but only the nearest columns compete, so a row whose own column is not among them is an error whatever
    its margin (LASER, `source/xsim.py`, margin `ratio`). A tie, in cosine or margin, is an error.
    """
    margin = _margins(similarity, neighbours)
    own, diagonal = np.eye(len(margin), dtype=bool), similarity.diagonal()
    wrong = np.where(own, -np.inf, similarity)
    nearer = (wrong >= diagonal[:, None] - tolerance).sum(axis=1)
    # Own column among the nearest: one place fewer for wrong ones.
    nearest = np.argsort(-wrong, axis=1, kind="stable")[:, : min(neighbours, len(margin)) - 1]
    rivals = np.take_along_axis(margin, nearest, axis=1).max(axis=1, initial=-np.inf)
    return float(((nearer >= neighbours) | (rivals >= margin.diagonal() - tolerance)).mean())


def margin_error(similarity: Floats, *, neighbours: int = 4, tolerance: float = TOLERANCE) -> float:
    """Share of rows whose highest ratio margin among all columns is not their own (Artetxe and Schwenk 2019).

    similarity: cosines `[n, n]`, row i parallel to column i. margin = cos(x, y) over the mean of both k-nearest means.
    Raises UnscorableError for fewer than two sentences or NaN, or where the means are not positive: the ratio then
    does not give an order.
    """
    margin = _margins(similarity, neighbours)
    wrong = np.where(np.eye(len(margin), dtype=bool), -np.inf, margin).max(axis=1)
    return float((wrong >= margin.diagonal() - tolerance).mean())


def _margins(similarity: Floats, neighbours: int) -> Floats:
    n = len(similarity)
    if similarity.shape != (n, n) or n < 2 or not np.isfinite(similarity).all():
        raise UnscorableError(f"xsim needs a finite square matrix of at least 2 sentences, got {similarity.shape}")
    k = min(neighbours, n)
    rows = np.sort(similarity, axis=1)[:, -k:].mean(axis=1)
    columns = np.sort(similarity, axis=0)[-k:].mean(axis=0)
    middle = (rows[:, None] + columns[None, :]) / 2
    if (middle <= 0).any():
        raise UnscorableError("xsim's margin divides by a mean cosine that is not positive; use CSLS or P@1 there")
    return np.asarray(similarity / middle, dtype=np.float64)
