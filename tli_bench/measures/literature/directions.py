"""P@1 after what marks a language is taken out of the vectors, fitted on held-out words only.

Three depths, from mild to severe: each language's mean; the one direction between the two means; each language's leading
subspace. The second stands for arXiv 2506.12450 (Lopo et al. 2025, "Language Surgery"), which finds language directions by
linear discriminant analysis: for two languages these are one direction. Theirs also divides by the covariance within
languages, which a few hundred words in thousands of dimensions do not determine, so ours is the difference of the means,
the rank-1 subspace of LSAR (Xie et al. 2022). The third is LIR (Yang et al. 2021, arXiv 2109.04727).
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from tli_bench.base.errors import UnscorableError
from tli_bench.measures import pool
from tli_bench.measures.centred import pseudo
from tli_bench.measures.measure import Direction, Measure

if TYPE_CHECKING:
    from torch import Tensor

    from tli_bench.measures.view import LayerView as View

RANK = 5
"""Dimensions of each language's subspace that is removed; LIR leaves the number open."""

Remover = Callable[["Tensor", "Tensor", "Tensor", "Tensor"], tuple["Tensor", "Tensor"]]


def without_means(source: "Tensor", target: "Tensor", fit_source: "Tensor", fit_target: "Tensor") -> Any:
    """Source and target `[n, d]`, each less its language's mean over the held-out words `[m, d]`."""
    return source - fit_source.mean(dim=0), target - fit_target.mean(dim=0)


def without_direction(source: "Tensor", target: "Tensor", fit_source: "Tensor", fit_target: "Tensor") -> Any:
    """Source and target `[n, d]` without their part along the difference of the languages' means.

    Raises UnscorableError where the means are the same.
    """
    between = fit_source.mean(dim=0) - fit_target.mean(dim=0)
    length = between.norm()
    if not length > 0:
        raise UnscorableError(
            "both languages have the same mean over the held-out words, so no direction tells them apart"
        )
    unit = between / length
    return tuple(x - (x @ unit)[:, None] * unit for x in (source, target))


def without_subspaces(source: "Tensor", target: "Tensor", fit_source: "Tensor", fit_target: "Tensor") -> Any:
    """Source and target `[n, d]`, each without its part in the first `RANK` right singular vectors of its language's
    held-out words, which are not centred. Raises UnscorableError where these are too few or span no more.
    """
    return tuple(
        x - (x @ basis) @ basis.T for x, basis in ((source, _leading(fit_source)), (target, _leading(fit_target)))
    )


def _leading(fit: "Tensor") -> "Tensor":
    """The first `RANK` right singular vectors `[d, RANK]` of `[m, d]`, from the smaller Gram matrix."""
    import torch

    if min(fit.shape) <= RANK:
        raise UnscorableError(f"removing {RANK} directions needs more than {RANK} held-out words and dimensions")
    fit = fit / fit.abs().max()
    values, vectors = torch.linalg.eigh(fit @ fit.T if len(fit) < fit.shape[1] else fit.T @ fit)
    if values[-RANK] <= values[-1] * len(values) * torch.finfo(values.dtype).eps:
        raise UnscorableError(f"the held-out words of one language span fewer than {RANK} directions")
    leading = vectors[:, -RANK:]
    return fit.T @ leading / values[-RANK:].sqrt() if len(fit) < fit.shape[1] else leading


def p1_after(remove: Remover, view: "View") -> Any:
    """P@1 `[n]` of each concept, mean of both directions, after `remove`; ties and accepted variants as in `p1`.

    Time O((n^2 + m^2) d), memory O((n + m) d), of n words and m held-out ones.
    """
    moved = _without(remove, view)
    return (moved.hits(1, "forward") + moved.hits(1, "backward")) / 2


def p1_after_pseudo(remove: Remover, view: "View") -> Any:
    """Pseudo-values `[n]` of the mean of `p1_after`; what is removed stays the same, since no scored word decides it."""
    return pseudo("cosine", pool.within(1), _without(remove, view))


def _without(remove: Remover, view: "View") -> "View":
    from tli_bench.measures.view import LayerView

    vectors = (x.double() for x in (view.source, view.target, *view.fact("fit")))
    return LayerView(*remove(*vectors), gold=view.gold)


def _measure(what: str, label: str, said: str, remove: Remover) -> Measure:
    return Measure(
        name=f"p1_without_{what}", label=f"P@1 {label}", definition=f"P@1 of vectors without {said}, fitted on held-out words.",
        direction=Direction.UP, low=0, high=1, needs=frozenset({"vectors", "fit"}), per_concept=partial(p1_after, remove),
        pseudo=partial(p1_after_pseudo, remove), places=frozenset(), share=True, digits=2, optional=True,
    )  # fmt: skip


MEASURES = (
    _measure("means", "less means", "each language's mean", without_means),
    _measure("direction", "less direction", "the direction between the languages' means", without_direction),
    _measure("subspaces", "less subspaces", f"each language's first {RANK} principal directions", without_subspaces),
)
