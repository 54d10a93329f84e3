"""Variance components of crossed cells: known effects come back, and noise is not given to a factor."""

import numpy as np
import pytest

from tli_bench.base.errors import UnscorableError
from tli_bench.stats.crossed import variance_components


def test_additive_effects_come_back_exactly():
    """Without noise, the variance of each factor is that of its effects (n - 1), and nothing is left."""
    pairs, layers, seeds = np.array([0.0, 0.3, 0.1]), np.array([0.2, 0.25]), np.array([0.01, 0.0, 0.02])
    found = variance_components(pairs[:, None, None] + layers[None, :, None] + seeds[None, None, :])
    assert found.factors == pytest.approx([x.var(ddof=1) for x in (pairs, layers, seeds)])
    assert found.rest == pytest.approx(0, abs=1e-15)
    assert sum(found.shares) == pytest.approx(1)


def test_over_many_draws_they_are_unbiased_but_for_the_cut_at_zero():
    rng = np.random.default_rng(0)
    drawn = [
        variance_components(rng.normal(0, 2, (15, 1)) + rng.normal(0, 1, (1, 8)) + rng.normal(0, 0.5, (15, 8)))
        for _ in range(400)
    ]
    assert np.mean([d.factors[0] for d in drawn]) == pytest.approx(4, rel=0.06)
    assert np.mean([d.factors[1] for d in drawn]) == pytest.approx(1, rel=0.1)
    assert np.mean([d.rest for d in drawn]) == pytest.approx(0.25, rel=0.03)


def test_noise_is_no_factors():
    found = variance_components(np.random.default_rng(1).normal(size=(15, 8)))
    assert found.rest_share > 0.8


def test_too_few_levels_and_empty_cells_are_refused():
    with pytest.raises(UnscorableError, match="two levels each"):
        variance_components(np.ones((3, 1)))
    with pytest.raises(UnscorableError, match="every cell"):
        variance_components(np.array([[1.0, np.nan], [0.0, 1.0]]))
