"""Rank correlation with a permutation test and a bootstrap interval, of items or of whole clusters of them."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tli_bench.base.errors import UnscorableError
from tli_bench.stats.arrays import Floats, paired_arrays
from tli_bench.stats.bootstrap import Interval, chunks, cluster_ids, percentiles


@dataclass(frozen=True, slots=True)
class SpearmanResult:
    """Rank correlation of `n` items, its permutation p-value (two-sided) and bootstrap interval (None: see notes).

    clusters: number of clusters drawn and shuffled as a whole; `n` if every item is its own cluster.
    """

    n: int
    clusters: int
    rho: float
    p: float
    ci: Interval | None
    notes: tuple[str, ...]

    @property
    def clear(self) -> bool:
        """Whether the interval lies on one side of zero; False without one."""
        return self.ci is not None and not self.ci.low <= 0 <= self.ci.high


def spearman(
    x: ArrayLike,
    y: ArrayLike,
    *,
    clusters: Sequence[Hashable] | None = None,
    slots: Sequence[Hashable] | None = None,
    seed: int = 0,
    resamples: int = 10_000,
    confidence: float = 0.95,
) -> SpearmanResult:
    """Spearman's rank correlation of `x` and `y` `[n]`, ties averaged.

    clusters: one label per item; items with the same label are not independent of each other, so the bootstrap draws
    whole clusters (Cameron et al. 2008) and the permutation test moves whole clusters of `y`. slots: what tells the
    items of one cluster apart; a cluster changes places only with clusters that have the same slots, so a difference
    between slots is the same in every shuffle and is not evidence. Raises UnscorableError for fewer than three items
    or clusters, or when one side is constant.
    """
    a, b = paired_arrays(minimum=3, x=x, y=y)
    for name, side in (("x", a), ("y", b)):
        if np.ptp(side) == 0:
            raise UnscorableError(f"a rank correlation is undefined: every value of {name} is {side[0]}")
    members = _members(cluster_ids(clusters, len(a)), slots or [""] * len(a))
    if len(members) < 3:
        raise UnscorableError(f"{len(members)} clusters; at least 3 are needed")
    owner = np.empty(len(a), dtype=np.int64)
    for i, items in enumerate(members):
        owner[items] = i
    rank_x, rank_y = (_Ranks.of(side) for side in (a, b))
    once = np.ones((1, len(a)))
    rho = float(_correlation(rank_x.under(once), rank_y.under(once), once)[0])
    rng = np.random.default_rng(seed)
    patterns = _patterns(members, slots or [""] * len(a))
    boot, hits = [], 0
    for count in chunks(len(a), resamples):
        drawn = rng.integers(0, len(members), size=(count, len(members)))
        flat = (drawn + len(members) * np.arange(count)[:, None]).ravel()
        weights = np.bincount(flat, minlength=count * len(members)).reshape(count, -1)[:, owner].astype(np.float64)
        boot.append(_correlation(rank_x.under(weights), rank_y.under(weights), weights))
        shuffled = np.repeat(rank_y.under(once), count, axis=0)
        for block in patterns:
            order = rng.permuted(np.broadcast_to(np.arange(len(block)), (count, len(block))), axis=1)
            shuffled[:, block.ravel()] = shuffled[0, block[order]].reshape(count, -1)
        found = _correlation(np.repeat(rank_x.under(once), count, axis=0), shuffled, np.ones_like(shuffled))
        hits += int((np.abs(found) >= abs(rho) - 1e-12).sum())
    usable = np.concatenate(boot)
    usable = usable[np.isfinite(usable)]
    # A resample of few items can be constant; if many are, an interval from the rest would not represent all resamples.
    enough = len(usable) >= 0.9 * resamples
    note = f"no interval: {resamples - len(usable)} of {resamples} resamples were constant; too few items"
    return SpearmanResult(
        n=len(a),
        clusters=len(members),
        rho=rho,
        p=(1 + hits) / (1 + resamples),
        ci=percentiles(usable, confidence) if enough else None,
        notes=() if enough else (note,),
    )


def _members(ids: NDArray[np.generic], slots: Sequence[Hashable]) -> list[NDArray[np.int64]]:
    """Indices of each cluster's items, by slot."""
    found: dict[object, list[int]] = defaultdict(list)
    for i, label in enumerate(ids.tolist()):
        found[label].append(i)
    return [np.array(sorted(items, key=lambda i: str(slots[i]))) for items in found.values()]


def _patterns(members: Sequence[NDArray[np.int64]], slots: Sequence[Hashable]) -> list[NDArray[np.int64]]:
    """Clusters `[clusters, items]` that may change places, one block for each set of slots."""
    found: dict[tuple[Hashable, ...], list[NDArray[np.int64]]] = defaultdict(list)
    for items in members:
        found[tuple(slots[i] for i in items)].append(items)
    return [np.stack(block) for block in found.values()]


@dataclass(frozen=True, slots=True)
class _Ranks:
    """Ranks of one side's values `[n]` in resamples that contain each value any number of times.

    order: indices that sort the values; starts: where each distinct value begins among the sorted ones; inverse
    `[n]`: which distinct value each item has.
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    inverse: NDArray[np.int64]

    @classmethod
    def of(cls, values: Floats) -> "_Ranks":
        _, starts, inverse = np.unique(np.sort(values), return_index=True, return_inverse=True)
        order = np.argsort(values, kind="stable")
        back = np.empty(len(values), dtype=np.int64)
        back[order] = inverse
        return cls(order, starts, back)

    def under(self, weights: Floats) -> Floats:
        """Average ranks `[rows, n]` when item i occurs `weights[row, i]` times."""
        counts = np.add.reduceat(weights[:, self.order], self.starts, axis=1)
        below = np.cumsum(counts, axis=1) - counts
        return np.asarray((below + (counts + 1) / 2)[:, self.inverse])


def _correlation(x: Floats, y: Floats, weights: Floats) -> Floats:
    """Row-wise correlation of ranks `[rows, n]` under `weights`; NaN where a row is constant."""
    middle = (weights.sum(axis=1, keepdims=True) + 1) / 2
    a, b = x - middle, y - middle
    scale = np.sqrt((weights * a**2).sum(axis=1) * (weights * b**2).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((weights * a * b).sum(axis=1) / scale)
