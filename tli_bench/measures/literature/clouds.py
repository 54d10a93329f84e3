"""What the measures of whole spaces share: the words of one language as a cloud of points, in double precision."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tli_bench.base.errors import UnscorableError

if TYPE_CHECKING:
    from tli_bench.measures.view import LayerView as View

Cloud = NDArray[np.float64]
FEWEST = 3
"""Words below which a space has no shape: two points always lie on one line."""
_ROUNDING = 1e-6
"""Relative difference of two float32 values that may be rounding alone."""


def clouds(view: "View") -> tuple[Cloud, Cloud]:
    """Source and target vectors of a view, each `[n, d]`; raises UnscorableError for fewer than 3 words."""
    if view.n < FEWEST:
        raise UnscorableError(f"the shape of a space needs at least {FEWEST} words, got {view.n}")
    return _doubled(view.source), _doubled(view.target)


def varying(x: Cloud) -> NDArray[np.bool_]:
    """Whether each column `[d]` varies by more than the rounding of its float32 values."""
    found: NDArray[np.bool_] = np.ptp(x, axis=0) > _ROUNDING * np.abs(x).max(axis=0)
    return found


def centred(x: Cloud) -> Cloud:
    """Rows less their mean; raises UnscorableError when all are the same."""
    if not varying(x).any():
        raise UnscorableError("all words of one language have the same vector")
    found: Cloud = x - x.mean(axis=0)
    return found


def centred_units(x: Cloud) -> Cloud:
    """Rows `[n, d]` to length 1, less their mean, to length 1 again; raises UnscorableError when all point the same way.

    No word is left without a direction: the mean of unit vectors is shorter than 1 unless all are the same.
    """
    return _units(centred(_units(x)))


def _doubled(x: Any) -> Cloud:
    found: Cloud = x.detach().cpu().double().numpy()
    return found


def _units(x: Cloud) -> Cloud:
    found: Cloud = x / np.linalg.norm(x, axis=1, keepdims=True)
    return found
