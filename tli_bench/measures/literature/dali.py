"""DALI and its strict form (Ravisankar et al. 2025, arXiv 2504.09378), for words.

In the paper an instance is a premise with n options in two languages, and it is aligned when every option is closer to its
own translation than to the translation of another option. Words have no options, so an instance is a word and one wrong
word of the pool: n = 2, as in XCOPA and XStoryCloze, averaged over all of them. The paper's MEXA_T, MEXA over a task's own
texts, is `mexa` itself here, since our task is the words.
"""

from functools import partial
from typing import TYPE_CHECKING, Any

from tli_bench.base.errors import UnscorableError
from tli_bench.measures import pool
from tli_bench.measures.measure import Direction, Measure

if TYPE_CHECKING:
    from torch import Tensor

    from tli_bench.measures.view import LayerView as View


def dali(view: "View", *, strict: bool = False) -> Any:
    """For each concept i `[n]`, the share of wrong concepts j for which S_ii > S_ij and S_jj > S_ji.

    strict (DALI_S): S_ii and S_jj must also exceed the cosines within each language, of sources i and j and of targets i
    and j. Ties are not hits; accepted variants are no options; NaN for a concept that has no wrong one.

    Time O(n^2), strict O(n^2 d); memory O(n^2).
    """
    aligned, option = _instances(view, strict=strict)
    return aligned.sum(dim=1) / option.sum(dim=1).double()


def dali_pseudo(view: "View", *, strict: bool = False) -> Any:
    """Pseudo-values `[n]` of the mean of `dali`: a concept that leaves is no option of the others any more.

    Raises UnscorableError where a concept would have no option left.
    """
    aligned, option = (x.double().cpu().numpy() for x in _instances(view, strict=strict))
    hits, options = aligned.sum(axis=1), option.sum(axis=1)
    if not (options - option.max(axis=1) > 0).all():
        raise UnscorableError("a pseudo-value of DALI needs a second wrong word for every word")
    return pool.pseudo_of(hits / options, (hits[:, None] - aligned) / (options[:, None] - option))


def _instances(view: "View", *, strict: bool) -> "tuple[Tensor, Tensor]":
    """Which instances of concept i and wrong concept j are aligned, and which there are, bool `[n, n]` each."""
    import torch

    own = view.matched
    closer = own[:, None] > view.similarity + view.tolerance
    aligned = closer & closer.T
    if strict:
        both = torch.minimum(own[:, None], own[None, :])
        aligned &= both > _within_languages(view)
    option = ~(view.gold | view.gold.T)
    return aligned & option, option


def _within_languages(view: "View") -> Any:
    """For each two concepts `[n, n]`, the larger cosine of their sources and of their targets, tolerance added."""
    import torch

    from tli_bench.measures.similarity import cosine_matrix

    sources, targets = cosine_matrix(view.source, view.source), cosine_matrix(view.target, view.target)
    return torch.maximum(sources.values + sources.tolerance, targets.values + targets.tolerance)


MEASURES = (
    Measure(
        name="dali", label="DALI", definition="Share of wrong words for which both pairs are closer than the crossed ones.",
        direction=Direction.UP, low=0, high=1, per_concept=dali, pseudo=dali_pseudo, places=frozenset(), optional=True,
        missing="have no wrong word to be compared with",
    ),
    Measure(
        name="dali_strict", label="DALI strict", definition="As DALI, and both pairs closer than the two words of either language.",
        direction=Direction.UP, low=0, high=1, per_concept=partial(dali, strict=True), pseudo=partial(dali_pseudo, strict=True),
        places=frozenset(), optional=True,
        missing="have no wrong word to be compared with",
    ),
)  # fmt: skip
