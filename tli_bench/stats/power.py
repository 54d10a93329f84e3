"""The smallest effect that a paired t-test, or a rank correlation, of a given size can detect."""

import numpy as np
from scipy import special

from tli_bench.base.errors import UnscorableError


def minimum_detectable_effect(n: int, sd: float, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """Smallest mean difference that a two-sided paired t-test of `n` items detects, in the units of `sd`.

    Exact, by the noncentral t distribution; `sd` is the standard deviation of the differences.
    """
    if n < 2:
        raise UnscorableError(f"power needs at least 2 pairs, got {n}")
    if not (np.isfinite(sd) and sd > 0):
        raise UnscorableError(f"power needs a positive, finite standard deviation, got {sd}")
    if not 0 < alpha < power < 1:
        raise UnscorableError(f"power needs 0 < alpha < power < 1, got alpha {alpha} and power {power}")
    critical = -special.stdtrit(n - 1, alpha / 2)

    def shortfall(shift: float) -> float:
        # The far tail is below 1e-9 from a shift of 4 on, where scipy's series for it begins to return NaN.
        far = special.nctdtr(n - 1, shift, -critical) if shift < 4 else 0.0
        return float(1 - special.nctdtr(n - 1, shift, critical) + far) - power

    from scipy import optimize  # as much to import as all else that a finished run needs of scipy

    high = 1.0
    while shortfall(high) < 0:
        high *= 1.25
    return float(optimize.brentq(shortfall, 0.0, high, xtol=1e-10)) / n**0.5 * sd


def detectable_correlation(n: int, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """Smallest rank correlation that a two-sided test of `n` independent items finds with the given power.

    By Fisher's z with the variance 1.06 / (n - 3) of a rank correlation (Fieller et al. 1957). Raises UnscorableError
    for fewer than four items.
    """
    if n < 4:
        raise UnscorableError(f"the power of a rank correlation needs at least 4 items, got {n}")
    z = float(special.ndtri(power) - special.ndtri(alpha / 2))
    return float(np.tanh(z * np.sqrt(1.06 / (n - 3))))
