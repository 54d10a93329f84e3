"""What could explain a cosine other than meaning: spelling, and how a word splits into tokens. No torch here."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tli_bench.base.errors import UnscorableError
from tli_bench.measures.letters import letter_cosine
from tli_bench.measures.levenshtein import normalised_distances

ROUNDING = 1e-9
"""Cosines of letter groups that differ by less are a tie."""


@dataclass(frozen=True, slots=True)
class SpellingBaseline:
    """Retrieval by spelling alone over a pool of `n` pairs; a tie is not a hit, as for vectors.

    by: what spellings are compared by, in words.
    """

    by: str
    n: int
    p1_forward: float
    p1_backward: float
    mrr_forward: float
    mrr_backward: float
    similarity: NDArray[np.float64] = field(repr=False, compare=False)
    """How alike two spellings are `[n, n]`."""
    tolerance: float = 0.0
    """Similarities no further apart are a tie."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """Number of pairs in a stratum and their mean."""

    n: int
    mean: float


def edit_similarity(sources: Sequence[str], targets: Sequence[str]) -> NDArray[np.float64]:
    """1 - Levenshtein / longer length `[n, m]` for every source and target: 1 is the same string."""
    return 1.0 - normalised_distances(sources, targets)


def paired_edit_similarity(sources: Sequence[str], targets: Sequence[str]) -> NDArray[np.float64]:
    """Edit similarity `[n]` of source i and target i."""
    _require_pairs(sources, targets)
    return np.array([edit_similarity([s], [t])[0, 0] for s, t in zip(sources, targets, strict=True)])


def edit_baseline(sources: Sequence[str], targets: Sequence[str], gold: ArrayLike | None = None) -> SpellingBaseline:
    """P@1 and MRR, both ways, of retrieving translations by edit similarity: what a model must beat.

    gold: bool `[n, n]` of accepted translations, by default the diagonal.
    """
    return _baseline("edit similarity", sources, targets, gold, edit_similarity, 0.0)


def letter_baseline(
    sources: Sequence[str],
    targets: Sequence[str],
    gold: ArrayLike | None = None,
    *,
    fit: tuple[Sequence[str], Sequence[str]] | None = None,
) -> SpellingBaseline:
    """The same by counts of letter groups, scored as a model's vectors are: `letters.letter_cosine`, which says what `fit` is."""
    return _baseline("letter groups", sources, targets, gold, partial(letter_cosine, fit=fit), ROUNDING)


def _baseline(
    by: str,
    sources: Sequence[str],
    targets: Sequence[str],
    gold: ArrayLike | None,
    alike: Callable[[Sequence[str], Sequence[str]], NDArray[np.float64]],
    tolerance: float,
) -> SpellingBaseline:
    n = _require_pairs(sources, targets)
    if n < 2:
        raise UnscorableError(f"retrieval needs at least 2 pairs, got {n}")
    accepted = np.eye(n, dtype=bool) if gold is None else np.asarray(gold, dtype=bool)
    if accepted.shape != (n, n) or not accepted.diagonal().all():
        raise UnscorableError(f"gold must be bool [{n}, {n}] with a true diagonal, got shape {accepted.shape}")
    similarity = alike(sources, targets)
    forward, backward = _ranks(similarity, accepted, tolerance), _ranks(similarity.T, accepted.T, tolerance)
    return SpellingBaseline(
        by=by,
        n=n,
        p1_forward=float((forward == 1).mean()),
        p1_backward=float((backward == 1).mean()),
        mrr_forward=float((1 / forward).mean()),
        mrr_backward=float((1 / backward).mean()),
        similarity=similarity,
        tolerance=tolerance,
    )


def low_overlap(sources: Sequence[str], targets: Sequence[str], threshold: float) -> NDArray[np.bool_]:
    """Which pairs `[n]` have an edit similarity below `threshold`: those that spelling cannot have aligned."""
    if not 0 < threshold <= 1:
        raise UnscorableError(f"the overlap threshold must lie in (0, 1], got {threshold}")
    return paired_edit_similarity(sources, targets) < threshold


def tokens_per_word_bins(counts: ArrayLike) -> list[str]:
    """Label of each token count `[n]`: `1`, `2`, `3` or `4+` tokens."""
    array = np.asarray(counts)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        raise UnscorableError(f"token counts must be whole numbers [n], got {array.dtype} {array.shape}")
    if (array < 1).any():
        raise UnscorableError(f"word {int(np.argmax(array < 1))} has no token; it cannot have been embedded")
    return [str(count) if count < 4 else "4+" for count in array.tolist()]


def strata(values: ArrayLike, labels: Sequence[Hashable]) -> Mapping[Hashable, Stratum]:
    """Mean and count of `values` `[n]` for each label, in the order in which the labels appear.

    Raises UnscorableError for NaN, infinity or lengths that differ.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (len(labels),):
        raise UnscorableError(f"{len(labels)} labels for values of shape {array.shape}; give one label for each value")
    if not np.isfinite(array).all():
        first = int(np.argmax(~np.isfinite(array)))
        raise UnscorableError(f"value {first} is NaN or infinite; leave unscored pairs out before grouping")
    groups: dict[Hashable, list[float]] = {}
    for label, value in zip(labels, array.tolist(), strict=True):
        groups.setdefault(label, []).append(value)
    return {label: Stratum(len(group), float(np.mean(group))) for label, group in groups.items()}


def _require_pairs(sources: Sequence[str], targets: Sequence[str]) -> int:
    if len(sources) != len(targets):
        raise UnscorableError(f"{len(sources)} sources for {len(targets)} targets; word i of both must be concept i")
    return len(sources)


def _ranks(similarity: NDArray[np.float64], gold: NDArray[np.bool_], tolerance: float) -> NDArray[np.int64]:
    best = np.where(gold, similarity, -np.inf).max(axis=1, keepdims=True) - tolerance
    return np.asarray(1 + ((similarity >= best) & ~gold).sum(axis=1), dtype=np.int64)
