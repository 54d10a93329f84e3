"""The linear probe: multinomial logistic regression on frozen vectors, with scikit-learn's solver and defaults."""

import hashlib
import warnings
from collections import OrderedDict
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


class Probes:
    """Probes that were fitted, by the vectors and tags that they learnt from: every language's task learns from the same English words.

    Only coefficients are kept, of the last `LIMIT`; the content is the key, so a changed model is never answered by an old probe.
    """

    LIMIT = 256

    def __init__(self) -> None:
        self._fitted: OrderedDict[str, Probe] = OrderedDict()

    def fit(self, vectors: Vectors, tags: Sequence[str]) -> Probe:
        """The probe for these words; raises as `Probe` does."""
        content = np.ascontiguousarray(vectors)
        key = hashlib.sha256(content.tobytes() + repr((content.shape, list(tags))).encode()).hexdigest()
        if key not in self._fitted:
            self._fitted[key] = Probe(vectors, tags)
        self._fitted.move_to_end(key)
        while len(self._fitted) > self.LIMIT:
            self._fitted.popitem(last=False)
        return self._fitted[key]


def signature() -> str:
    """What the figures of a probe depend on besides vectors and tags."""
    return (
        f"LogisticRegression(C={PENALTY:g},lbfgs,tol={TOLERANCE:g})|standardised|scikit-learn-{version('scikit-learn')}"
    )


def _require_finite(vectors: Vectors) -> None:
    if not len(vectors) or not np.isfinite(vectors).all():
        raise UnscorableError("there are no vectors, or one of them holds NaN or infinity")
