"""Contrasts of matched and mismatched values: the change of the gap, and its difference between two groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tli_bench.base.errors import UnscorableError
from tli_bench.stats.arrays import Floats, paired_arrays
from tli_bench.stats.bootstrap import Interval, cluster_ids, clustered_bootstrap_ci, percentiles, resampled_sums


@dataclass(frozen=True, slots=True)
class GapChange:
    """Change of the matched-minus-mismatched gap over `n` pairs in `clusters` concepts, with its bootstrap interval."""

    n: int
    clusters: int
    matched: float
    mismatched: float
    before: float
    after: float
    difference: float
    ci: Interval


@dataclass(frozen=True, slots=True)
class GapValues:
    """Per-pair matched and mismatched values `[n]` before and after, and the cluster (concept) of each pair."""

    matched_before: ArrayLike
    mismatched_before: ArrayLike
    matched_after: ArrayLike
    mismatched_after: ArrayLike
    clusters: Sequence[Any] | None = None


@dataclass(frozen=True, slots=True)
class DifferenceInDifferences:
    """Gap change on trained pairs minus gap change on control pairs: near zero when training generalises fully."""

    train: GapChange
    control: GapChange
    difference: float
    ci: Interval


def gap_change(
    matched_before: ArrayLike,
    mismatched_before: ArrayLike,
    matched_after: ArrayLike,
    mismatched_after: ArrayLike,
    clusters: Sequence[Any] | None = None,
    *,
    seed: int = 0,
    resamples: int = 10_000,
    confidence: float = 0.95,
) -> GapChange:
    """How the matched-minus-mismatched gap of each pair `[n]` changed, bootstrapped over clusters (default: pairs)."""
    group = GapValues(matched_before, mismatched_before, matched_after, mismatched_after, clusters)
    change, values, ids = _gap_parts(group, "pairs")
    ci = clustered_bootstrap_ci(values, list(ids), seed=seed, resamples=resamples, confidence=confidence)
    return GapChange(**change, ci=ci)


def difference_in_differences(
    *, train: GapValues, control: GapValues, seed: int = 0, resamples: int = 10_000, confidence: float = 0.95
) -> DifferenceInDifferences:
    """Trained/control x matched/mismatched contrast of a before/after change, bootstrapped by concept.

    Concepts are drawn with replacement inside three strata (trained only, control only, both), so that a resample
    always holds both groups and a concept in both is drawn for both together. Without `clusters` every pair is a
    cluster of its own.
    """
    train_change, train_values, train_ids = _gap_parts(train, "trained pairs")
    control_change, control_values, control_ids = _gap_parts(control, "control pairs")
    if train.clusters is None or control.clusters is None:
        train_ids = np.array([f"train {i}" for i in train_ids])
        control_ids = np.array([f"control {i}" for i in control_ids])
    names = np.union1d(train_ids, control_ids)
    totals = np.zeros((len(names), 4))
    for column, values, ids in ((0, train_values, train_ids), (2, control_values, control_ids)):
        index = np.searchsorted(names, ids)
        totals[:, column] = np.bincount(index, values, minlength=len(names))
        totals[:, column + 1] = np.bincount(index, minlength=len(names))
    pattern = (totals[:, 1] > 0) + 2 * (totals[:, 3] > 0)
    rng = np.random.default_rng(seed)
    sums = np.zeros((resamples, 4))
    for stratum in np.unique(pattern):
        sums += resampled_sums(totals[pattern == stratum], rng, resamples)
    differences = sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3]
    options: dict[str, Any] = {"seed": seed, "resamples": resamples, "confidence": confidence}
    return DifferenceInDifferences(
        train=GapChange(**train_change, ci=clustered_bootstrap_ci(train_values, list(train_ids), **options)),
        control=GapChange(**control_change, ci=clustered_bootstrap_ci(control_values, list(control_ids), **options)),
        difference=float(train_values.mean() - control_values.mean()),
        ci=percentiles(differences, confidence),
    )


def _gap_parts(group: GapValues, name: str) -> tuple[dict[str, Any], Floats, NDArray[Any]]:
    try:
        mb, xb, ma, xa = paired_arrays(
            matched_before=group.matched_before,
            mismatched_before=group.mismatched_before,
            matched_after=group.matched_after,
            mismatched_after=group.mismatched_after,
        )
        ids = cluster_ids(group.clusters, len(mb))
    except UnscorableError as err:
        raise UnscorableError(f"{name}: {err}") from err
    values = (ma - xa) - (mb - xb)
    change = {
        "n": len(values),
        "clusters": len(np.unique(ids)),
        "matched": float((ma - mb).mean()),
        "mismatched": float((xa - xb).mean()),
        "before": float((mb - xb).mean()),
        "after": float((ma - xa).mean()),
        "difference": float(values.mean()),
    }
    return change, values, ids
