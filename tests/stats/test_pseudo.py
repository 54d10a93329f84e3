"""Intervals from pseudo-values: what they claim, when they claim nothing, and how often they hold."""

import numpy as np
import pytest
from scipy import stats as sps

from tli_bench.base.errors import UnscorableError
from tli_bench.stats.pseudo import (
    MIN_WORDS,
    difference,
    estimate,
    estimates,
    from_test,
    half_width,
    over_pairs,
    simultaneous,
    two_sample,
)


def normal(n, *, mean=0.0, sd=1.0, seed=0):
    return np.random.default_rng(seed).normal(mean, sd, n)


def test_the_interval_is_students():
    values = normal(40, mean=0.3)
    found, reference = estimate(values), sps.ttest_1samp(values, 0.0)
    low, high = reference.confidence_interval(0.95)
    assert found.ci == pytest.approx((low, high), rel=1e-12)
    assert (found.t, found.p) == pytest.approx((reference.statistic, reference.pvalue), rel=1e-12)
    assert half_width(values) == pytest.approx((high - low) / 2, rel=1e-12)


def test_under_twenty_words_no_interval_is_claimed():
    found = estimate(normal(MIN_WORDS - 1))
    assert (found.ci, found.t, found.p) == (None, None, None)
    assert estimate(normal(MIN_WORDS)).ci is not None


def test_a_share_near_one_keeps_its_interval_inside():
    values = 0.98 + normal(50, sd=0.15, seed=2) - normal(50, sd=0.15, seed=2).mean()
    plain, inside = estimate(values), estimate(values, logit=True)
    assert plain.high > 1 > inside.high > inside.value > inside.low > 0


def test_nothing_that_changed_is_nothing_to_test():
    found = difference(np.ones(30), np.ones(30))
    assert (found.value, found.t, found.p) == (0.0, 0.0, 1.0)
    assert difference(np.ones(30), np.full(30, 2.0)).p is None


def test_two_samples_are_welchs():
    a, b = normal(60, mean=0.5), normal(35, sd=2.0, seed=1)
    found, reference = two_sample(a, b), sps.ttest_ind(a, b, equal_var=False)
    assert (found.t, found.p) == pytest.approx((reference.statistic, reference.pvalue), rel=1e-12)
    assert found.ci == pytest.approx(tuple(reference.confidence_interval(0.95)), rel=1e-9)


def test_simultaneous_intervals_hold_together():
    """Of 500 draws of five correlated columns without an effect, all five intervals hold in about 95 %."""
    held = plain = 0
    for seed in range(500):
        rng = np.random.default_rng(seed)
        columns = rng.normal(size=(30, 1)) + rng.normal(size=(30, 5))
        held += bool((np.abs(columns.mean(axis=0)) <= simultaneous(columns)).all())
        plain += all(abs(column.mean()) <= half_width(column) for column in columns.T)
    assert 0.93 <= held / 500 <= 0.98
    assert plain / 500 < 0.91


def test_a_column_without_spread_has_no_width():
    columns = np.stack([normal(30), np.zeros(30)], axis=1)
    assert simultaneous(columns)[1] == 0
    assert simultaneous(np.zeros((30, 2))).tolist() == [0.0, 0.0]


def test_the_mean_over_pairs_counts_a_concept_once():
    """Two pairs with the same values are as good as one, not twice as good."""
    one = {f"c{i}": value for i, value in enumerate(normal(50))}
    _, twice = over_pairs({"a": one, "b": one})
    _, once = over_pairs({"a": one})
    assert estimate(twice).se == pytest.approx(estimate(once).se, rel=1e-12)


def test_a_concept_that_a_pair_lacks_has_no_influence_there():
    a = {f"c{i}": value for i, value in enumerate(normal(50))}
    b = {f"c{i}": value for i, value in enumerate(normal(30, seed=3))}
    concepts, found = over_pairs({"a": a, "b": b})
    assert len(concepts) == 50
    assert found.mean() == pytest.approx((np.mean(list(a.values())) + np.mean(list(b.values()))) / 2, abs=1e-12)
    with pytest.raises(UnscorableError, match="at least one pair"):
        over_pairs({})


def test_a_test_leaves_its_estimate():
    values = np.random.default_rng(0).normal(0.1, 0.3, size=40)
    found = estimate(values)
    again = from_test(found.n, found.value, found.t, found.p)
    assert (again.se, again.low, again.high) == pytest.approx((found.se, found.low, found.high), abs=1e-12)
    constant = estimate(np.full(40, 0.25))
    assert (
        from_test(constant.n, constant.value, constant.t, constant.p).ci == pytest.approx(constant.ci) == (0.25, 0.25)
    )
    for phi in (np.zeros(40), [0.5, -0.5] * 20):
        still = estimate(phi)
        assert from_test(still.n, still.value, still.t, still.p).ci is None
    few = estimate(values[:19])
    assert from_test(few.n, few.value, few.t, few.p).ci is None


def test_many_columns_at_once_are_each_by_itself_to_the_last_bit():
    columns = np.random.default_rng(1).normal(0.1, 0.3, size=(363, 7))
    assert estimates(columns) == [estimate(columns[:, i].copy()) for i in range(7)]
