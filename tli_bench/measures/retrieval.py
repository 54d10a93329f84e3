"""Retrieval over a pool of words: ranks, P@k, MRR, CSLS, MEXA and hubs; every accepted translation counts.

A tie is never a hit. A wrong candidate as similar as the best accepted translation ranks before it, so vectors that
have collapsed to one point score 0, not 1.
"""

import torch
from scipy import stats as sps
from torch import Tensor

from tli_bench.base.errors import UnscorableError


def ranks(similarity: Tensor, gold: Tensor, *, tolerance: float = 0.0) -> Tensor:
    """Rank `[n]` of the best accepted translation of each row; 1 is a hit.

    similarity: `[n, m]`. gold: bool `[n, m]`, at least one true per row. The rank is 1 plus the number of wrong
    candidates at least as similar (within `tolerance`) as the best accepted one.
    """
    best = similarity.masked_fill(~gold, -torch.inf).amax(dim=1, keepdim=True)
    return 1 + ((similarity >= best - tolerance) & ~gold).sum(dim=1)


def nearest_of(similarity: Tensor, neighbours: int) -> tuple[Tensor, Tensor]:
    """The highest similarities of each row `[n, k]` and of each column `[k, m]`, the highest first; all where there are fewer."""
    n, m = similarity.shape
    return similarity.topk(min(neighbours, m), dim=1).values, similarity.topk(min(neighbours, n), dim=0).values


def csls(similarity: Tensor, *, neighbours: int = 10, nearest: tuple[Tensor, Tensor] | None = None) -> Tensor:
    """Cross-domain similarity local scaling `[n, m]`: 2 cos(x, y) - r(x) - r(y) (Conneau et al. 2018).

    r is the mean similarity to the `neighbours` nearest vectors of the other language, or to all when there are fewer. nearest: as
    `nearest_of` gives it, where that is known.
    """
    rows, columns = nearest or nearest_of(similarity, neighbours)
    return 2 * similarity - rows.mean(dim=1)[:, None] - columns.mean(dim=0)[None, :]


def hub_counts(
    similarity: Tensor, *, neighbours: int = 10, tolerance: float = 0.0, nearest: Tensor | None = None
) -> Tensor:
    """k-occurrence `[m]`: for how many rows of `similarity` `[n, m]` each column is among the k nearest.

    k is capped at m - 1. All columns tied with the k-th nearest count, so the order of the words does not matter. nearest: the rows'
    highest similarities as `nearest_of` gives them, where they are known.
    """
    k = min(neighbours, similarity.shape[1] - 1)
    highest = similarity.topk(k, dim=1).values if nearest is None else nearest
    return (similarity >= highest[:, k - 1 : k] - tolerance).sum(dim=0)


def hub_skew(
    similarity: Tensor, *, neighbours: int = 10, tolerance: float = 0.0, nearest: Tensor | None = None
) -> float:
    """Skewness of the k-occurrence (Radovanovic et al. 2010): large when a few columns are everybody's neighbours.

    nearest: as for `hub_counts`. Raises UnscorableError when every column occurs equally often: the skewness is 0 / 0.
    """
    counts = hub_counts(similarity, neighbours=neighbours, tolerance=tolerance, nearest=nearest)
    if bool((counts == counts[0]).all()):
        raise UnscorableError(f"hub skew is undefined: all {len(counts)} words are neighbours equally often")
    return float(sps.skew(counts.double().cpu().numpy()))


def mexa(similarity: Tensor, gold: Tensor, *, tolerance: float = 0.0) -> float:
    """MEXA: the mean of `mexa_hits`."""
    return float(mexa_hits(similarity, gold, tolerance=tolerance).mean())


def mexa_hits(similarity: Tensor, gold: Tensor, *, tolerance: float = 0.0) -> Tensor:
    """1 for each pair `[n]` whose own similarity is strictly above all others of its row and column, else 0, float64.

    similarity, gold: `[n, n]`. Accepted variants do not compete. Kargaran et al. 2024 (arXiv 2410.05873).
    """
    wrong = similarity.masked_fill(gold, -torch.inf)
    rival = torch.maximum(wrong.amax(dim=1), wrong.amax(dim=0))
    return (similarity.diagonal() > rival + tolerance).double()
