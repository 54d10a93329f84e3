"""IsoScore: how evenly the words of one language use the dimensions they have (Rudman et al. 2022, arXiv 2108.07344)."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from tli_bench.base.errors import UnscorableError
from tli_bench.measures.literature.clouds import centred, clouds
from tli_bench.measures.measure import Direction, Measure

if TYPE_CHECKING:
    from tli_bench.measures.view import LayerView as View


def isoscore(side: int, view: "View") -> float:
    """IsoScore of the source (`side` 0) or target (1): 0 when all variance lies in one direction, 1 when it is even.

    With v the variances along the d principal axes, the paper scales v to length sqrt(d), takes its distance from
    (1, ..., 1), and rescales twice. Written out this is (P - 1) / (d - 1), where P = (sum v)^2 / sum(v^2) is the
    participation ratio, which needs no principal axes. Fewer words than dimensions cannot reach 1: n words have at most
    n - 1 axes, so values compare only at equal n and d (IsoScore*, which shrinks towards evenness, is not computed).

    Time O(n d min(n, d)), memory O(n d). Raises UnscorableError for fewer than 3 words, one dimension or no variance.
    """
    x = centred(clouds(view)[side])
    n, dims = x.shape
    if dims < 2:
        raise UnscorableError("IsoScore needs at least 2 dimensions")
    x = x / np.abs(x).max()
    scatter = x @ x.T if n < dims else x.T @ x
    ratio = float(np.trace(scatter) ** 2 / np.square(scatter).sum())
    return (ratio - 1) / (dims - 1)


MEASURES = tuple(
    Measure(
        name=f"isoscore_{name}", label=f"IsoScore {name}", definition=f"How evenly the {name} words' variance fills the dimensions.",
        direction=Direction.NEITHER, low=0, high=1, whole=partial(isoscore, side), places=frozenset(), optional=True,
    )
    for side, name in enumerate(("source", "target"))
)  # fmt: skip
