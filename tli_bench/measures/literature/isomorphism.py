"""Whether two languages' spaces have the same shape, whatever word stands where: EVS and the Gromov-Hausdorff bound.

Both take rows of length 1, less their own language's mean over the scored words, of length 1 again, as Vulic et al. (2020,
arXiv 2004.04070) prepare them. Neither uses which word translates which, so neither can say that words are aligned.
"""

from typing import TYPE_CHECKING

import numpy as np

from tli_bench.measures.literature.clouds import Cloud, centred_units, clouds
from tli_bench.measures.measure import Direction, Measure

if TYPE_CHECKING:
    from tli_bench.measures.view import LayerView as View

ENERGY = 0.9
"""Share of the sum of eigenvalues that the compared ones must reach."""
_TIE = 1e-9


def evs(view: "View") -> float:
    """Eigenvector similarity (Soegaard et al. 2018, arXiv 1805.03620), which despite its name compares eigenvalues.

    Each language's words are joined to their nearest neighbour (undirected; every one of several equally near). Of the
    Laplacian `D - A`, the fewest largest eigenvalues that make up 90 % of their sum are kept, k the smaller count of both
    languages: the sum over i <= k of the squared differences. 0 for isospectral graphs. The script published with arXiv
    2004.04070 sorts from the smallest eigenvalue and so gives other values; we follow the paper's text.

    Time O(n^2 d + n^3), memory O(n^2). Raises UnscorableError for fewer than 3 words or vectors without spread.
    """
    one, other = (_spectrum(centred_units(x)) for x in clouds(view))
    k = min(_enough(one), _enough(other))
    return float(np.square(one[:k] - other[:k]).sum())


def gromov_hausdorff(view: "View") -> float:
    """Bottleneck distance of the two spaces' clusterings at all scales (Patra et al. 2019; arXiv 2004.04070).

    The distance of two words is sqrt(2 - 2 cos). Components of the Vietoris-Rips complex are born at 0 and die where single
    linkage joins them; the bottleneck distance of the two lists of deaths is what the literature reports for the
    Gromov-Hausdorff distance, which is at least half of it (Chazal et al. 2009). Range 0 to 2.

    Time O(n^2 d), memory O(n^2). Raises UnscorableError for fewer than 3 words or vectors without spread.
    """
    one, other = (_deaths(centred_units(x)) for x in clouds(view))
    # All births are 0, so an optimal matching keeps the order, after the k earliest of both sides go to the diagonal.
    apart = np.abs(one - other)
    matched = np.append(np.maximum.accumulate(apart[::-1])[::-1], 0.0)
    dropped = np.append(0.0, np.maximum(one, other) / 2)
    return float(np.maximum(matched, dropped).min())


def _spectrum(x: Cloud) -> Cloud:
    """Eigenvalues `[n]` of the Laplacian of the graph of nearest neighbours, the largest first."""
    similarity = x @ x.T
    np.fill_diagonal(similarity, -np.inf)
    joined = similarity >= similarity.max(axis=1, keepdims=True) - _TIE
    joined |= joined.T
    laplacian = np.diag(joined.sum(axis=1).astype(np.float64)) - joined
    found: Cloud = np.linalg.eigvalsh(laplacian)[::-1]
    return found


def _enough(spectrum: Cloud) -> int:
    """How many of the largest eigenvalues make up `ENERGY` of their sum."""
    return int((spectrum.cumsum() < ENERGY * spectrum.sum() - _TIE).sum()) + 1


def _deaths(x: Cloud) -> Cloud:
    """Where the components of a cloud join, ascending `[n - 1]`: the heights of single linkage."""
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import pdist

    heights: Cloud = linkage(pdist(x), method="single")[:, 2]
    return heights


MEASURES = (
    Measure(
        name="evs", label="EVS", definition="Difference of the Laplacian spectra of the languages' graphs of nearest neighbours.",
        direction=Direction.DOWN, low=0, whole=evs, places=frozenset(), optional=True,
    ),
    Measure(
        name="gromov_hausdorff", label="Gromov-Hausdorff", definition="Bottleneck distance of the languages' single-linkage trees.",
        direction=Direction.DOWN, low=0, high=2, whole=gromov_hausdorff, places=frozenset(), optional=True,
    ),
)  # fmt: skip
