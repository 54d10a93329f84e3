"""The linear probe: multinomial logistic regression on frozen vectors, with scikit-learn's solver and defaults."""

import warnings
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tli_bench.base.errors import UnscorableError

Vectors = NDArray[np.float64]
PENALTY, STEPS, TOLERANCE = 1.0, 1_000, 1e-4
"""Inverse strength of the L2 penalty (scikit-learn's `C`), the most steps of L-BFGS, and when it stops."""


class Probe:
    """Fitted on vectors `[words, dim]` and a tag per word; each dimension is standardised by its mean and spread there.

    The solver is L-BFGS, which draws nothing at random. Raises UnscorableError for vectors that are not finite, fewer than two
    different tags, and a fit that does not converge.
    """

    def __init__(self, vectors: Vectors, tags: Sequence[str]) -> None:
        from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]
        from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
        from sklearn.pipeline import make_pipeline  # type: ignore[import-untyped]
        from sklearn.preprocessing import StandardScaler  # type: ignore[import-untyped]

        if len(set(tags)) < 2:
            raise UnscorableError(f"a probe needs words of at least two tags to learn from, got {sorted(set(tags))}")
        _require_finite(vectors)
        solver = LogisticRegression(C=PENALTY, solver="lbfgs", max_iter=STEPS, tol=TOLERANCE)
        self._fitted: Any = make_pipeline(StandardScaler(), solver)
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            try:
                self._fitted.fit(vectors, list(tags))
            except ConvergenceWarning as err:
                raise UnscorableError(f"the probe does not converge in {STEPS} steps") from err

    def predict(self, vectors: Vectors) -> list[str]:
        """The likeliest tag of every word."""
        _require_finite(vectors)
        return [str(tag) for tag in self._fitted.predict(vectors)]


def signature() -> str:
    """What the figures of a probe depend on besides vectors and tags."""
    return (
        f"LogisticRegression(C={PENALTY:g},lbfgs,tol={TOLERANCE:g})|standardised|scikit-learn-{version('scikit-learn')}"
    )


def _require_finite(vectors: Vectors) -> None:
    if not len(vectors) or not np.isfinite(vectors).all():
        raise UnscorableError("there are no vectors, or one of them holds NaN or infinity")
