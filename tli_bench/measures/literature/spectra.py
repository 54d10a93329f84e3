"""How alike the singular values of two languages' vectors are, and how well conditioned (Dubossarsky et al. 2020, arXiv 2001.11136).

X is a language's vectors less their mean, not brought to length 1; sigma its singular values in descending order. Those
below the rounding error (numpy's rule for a rank) count as none: centred, n words have at most n - 1. Neither measure uses
which word translates which.
"""

from typing import TYPE_CHECKING

import numpy as np

from tli_bench.measures.literature.clouds import Cloud, centred, clouds
from tli_bench.measures.measure import Direction, Measure

if TYPE_CHECKING:
    from tli_bench.measures.view import LayerView as View

_ROUNDING = 1e-9


def singular_value_gap(view: "View") -> float:
    """SVG: the sum over i of (log sigma_i - log sigma'_i)^2, over as many as both languages have.

    It grows with that count, so it compares only at equal n and d, and with a difference of scale between the languages.

    Time O(n d min(n, d)), memory O(n d). Raises UnscorableError for fewer than 3 words or a language that does not vary.
    """
    one, other = (_singular_values(x) for x in clouds(view))
    shared = min(len(one), len(other))
    return float(np.square(np.log(one[:shared]) - np.log(other[:shared])).sum())


def effective_condition(view: "View") -> float:
    """ECOND-HM: the harmonic mean of both languages' effective condition numbers sigma_1 / sigma_r.

    r = floor(exp(H)) is the effective rank (Roy and Vetterli 2007), H the entropy of sigma / sum(sigma). From 1 upwards.

    Time O(n d min(n, d)), memory O(n d). Raises UnscorableError for fewer than 3 words or a language that does not vary.
    """
    one, other = (_condition(_singular_values(x)) for x in clouds(view))
    return 2 * one * other / (one + other)


def _singular_values(x: Cloud) -> Cloud:
    found: Cloud = np.asarray(np.linalg.svd(centred(x), compute_uv=False), dtype=np.float64)
    return found[found > found[0] * max(x.shape) * np.finfo(np.float64).eps]


def _condition(values: Cloud) -> float:
    share = values / values.sum()
    rank = int(np.exp(-(share * np.log(share)).sum()) + _ROUNDING)
    return float(values[0] / values[rank - 1])


MEASURES = (
    Measure(
        name="svg", label="SVG", definition="Singular value gap: squared differences of the languages' log singular values.",
        direction=Direction.DOWN, low=0, whole=singular_value_gap, places=frozenset(), optional=True,
    ),
    Measure(
        name="econd_hm", label="ECOND-HM", definition="Harmonic mean of the languages' effective condition numbers.",
        direction=Direction.DOWN, low=1, whole=effective_condition, places=frozenset(), optional=True,
    ),
)  # fmt: skip
