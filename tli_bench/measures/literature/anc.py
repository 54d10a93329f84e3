"""Average neuron-wise correlation: whether the same dimension means the same in both languages (Del and Fishel 2022, arXiv 2212.01924)."""

from typing import TYPE_CHECKING

import numpy as np

from tli_bench.base.errors import UnscorableError
from tli_bench.measures.literature.clouds import Cloud, clouds, varying
from tli_bench.measures.measure import Direction, Measure

if TYPE_CHECKING:
    from tli_bench.measures.view import LayerView as View


def anc(view: "View") -> float:
    """Mean over dimensions of Pearson's correlation, over concepts, of the source's and the target's value.

    About 0 for unrelated words. A dimension that does not vary in one language has no correlation and is left out.
    We did not have the paper's formula before us, and an implementation by others averages absolute values: that is `anc_abs`.

    Time and memory O(n d). Raises UnscorableError for fewer than 3 words, or when no dimension varies in both languages.
    """
    return float(_correlations(view).mean())


def anc_abs(view: "View") -> float:
    """As `anc`, of absolute correlations; for unrelated words about sqrt(2 / (pi n)), not 0."""
    return float(np.abs(_correlations(view)).mean())


def _correlations(view: "View") -> Cloud:
    """Correlations of the dimensions that vary in both languages, float64."""
    one, other = clouds(view)
    varies = varying(one) & varying(other)
    if not varies.any():
        raise UnscorableError("no dimension varies in both languages")
    one, other = _standard(one[:, varies]), _standard(other[:, varies])
    found: Cloud = (one * other).sum(axis=0)
    return found


def _standard(x: Cloud) -> Cloud:
    """Columns less their mean, of length 1."""
    x = x - x.mean(axis=0)
    found: Cloud = x / np.linalg.norm(x, axis=0)
    return found


MEASURES = (
    Measure(
        name="anc", label="ANC", definition="Mean over dimensions of their correlation between the languages.",
        direction=Direction.UP, low=-1, high=1, whole=anc, places=frozenset(), optional=True,
    ),
    Measure(
        name="anc_abs", label="ANC, absolute", definition="Mean over dimensions of their absolute correlation between the languages.",
        direction=Direction.UP, low=0, high=1, whole=anc_abs, places=frozenset(), optional=True,
    ),
)  # fmt: skip
