import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats as sps

from tli_bench import stats
from tli_bench.base.errors import UnscorableError

# Student's sleep data (1908), extra hours under two drugs; R: t.test(extra ~ group, data = sleep, paired = TRUE).
DRUG_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
DRUG_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]

samples = hnp.arrays(np.float64, st.integers(3, 20), elements=st.floats(-100, 100, width=32), unique=True)
p_lists = st.lists(st.floats(0, 1), min_size=1, max_size=20)


def noise(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n)


def test_paired_t_of_students_sleep_data() -> None:
    found = stats.paired(DRUG_1, DRUG_2)
    assert found.n == 10
    assert found.difference == pytest.approx(1.58)
    assert found.percent == pytest.approx(100 * 1.58 / 0.75)
    assert round(found.t or 0, 4) == 4.0621
    assert round(found.p or 0, 6) == 0.002833
    assert found.d_z == pytest.approx(4.062128 / 10**0.5, abs=1e-6)
    assert found.notes == ()


def test_wilcoxon_of_students_sleep_data() -> None:
    # By hand: V = 0 of n = 9 after the one zero is dropped: two of the 2^9 signs are as extreme, the tie of two notwithstanding.
    assert stats.paired(DRUG_1, DRUG_2).wilcoxon_p == pytest.approx(2 / 2**9)


def test_sign_flip_p_approaches_the_exact_one() -> None:
    differences = np.array([0.9, -0.4, 1.3, 0.2, 0.8, -0.1, 0.6])
    signs = np.array(np.meshgrid(*[[-1, 1]] * 7)).reshape(7, -1).T
    exact = np.mean(np.abs(signs @ differences) >= abs(differences.sum()) - 1e-12)
    found = stats.paired(np.zeros(7), differences, resamples=40_000)
    assert found.permutation_p == pytest.approx(exact, abs=4 * (exact / 40_000) ** 0.5)


@settings(deadline=None, max_examples=30)
@given(samples)
def test_paired_agrees_with_scipy_and_swapping_flips_the_sign(before: np.ndarray) -> None:
    after = before + noise(len(before))
    one = stats.paired(before, after, resamples=100)
    other = stats.paired(after, before, resamples=100)
    expected = sps.ttest_rel(after, before)
    assert one.t == pytest.approx(expected.statistic)
    assert one.p == pytest.approx(expected.pvalue)
    assert (one.difference, one.t, one.d_z) == pytest.approx((-other.difference, -(other.t or 0), -(other.d_z or 0)))
    assert one.wilcoxon_p == pytest.approx(other.wilcoxon_p)
    assert one.ci.low <= one.ci.high


def test_paired_is_seeded() -> None:
    x, y = noise(30), noise(30, 1)
    assert stats.paired(x, y, seed=4) == stats.paired(x, y, seed=4)
    assert stats.paired(x, y, seed=4).ci != stats.paired(x, y, seed=5).ci


def test_no_change_at_all_is_not_a_failure() -> None:
    found = stats.paired([0.1, 0.2, 0.3], [0.1, 0.2, 0.3])
    assert (found.t, found.p, found.d_z, found.wilcoxon_p, found.permutation_p) == (0.0, 1.0, 0.0, 1.0, 1.0)
    assert found.ci == (0.0, 0.0)
    assert found.notes == ("no value changed",)


def test_one_same_change_everywhere_has_no_t() -> None:
    found = stats.paired([0.1, 0.2, 0.3, 0.7], [0.2, 0.3, 0.4, 0.8])
    assert (found.t, found.p, found.d_z) == (None, None, None)
    assert found.difference == pytest.approx(0.1)
    assert "all differences are equal" in found.notes[0]


@pytest.mark.parametrize("before", [[-0.2, -0.1], [-0.1, 0.1]])
def test_percent_needs_a_positive_mean(before: list[float]) -> None:
    found = stats.paired(before, [0.5, 0.2])
    assert found.percent is None
    assert "percent needs a positive mean before" in found.notes


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ([1.0, 2.0], [1.0], "after has 1 values; at least 2"),
        ([1.0, 2.0, 3.0], [1.0, 2.0], r"differ in length: \{'before': 3, 'after': 2\}"),
        ([1.0], [1.0], "before has 1 values; at least 2 are needed"),
        ([1.0, np.nan], [1.0, 2.0], "before holds 1 NaN or infinite values, first at index 1"),
        ([1.0, 2.0], [np.inf, 2.0], "after holds 1 NaN or infinite values, first at index 0"),
        ([[1.0, 2.0]], [1.0, 2.0], r"before must be one-dimensional, got shape \(1, 2\)"),
    ],
)
def test_paired_refuses(before: list[float], after: list[float], message: str) -> None:
    with pytest.raises(UnscorableError, match=message):
        stats.paired(before, after)


def test_paired_is_fast() -> None:
    x = noise(800)
    stats.paired(x, x + noise(800, 1), resamples=10)
    start = time.perf_counter()
    stats.paired(x, x + noise(800, 1))
    # About 0.1 s on a free core; the margin is for a busy machine.
    assert time.perf_counter() - start < 1.5


def test_bootstrap_interval_agrees_with_scipy_and_theory() -> None:
    values = noise(200)
    found = stats.bootstrap_ci(values)
    reference = sps.bootstrap((values,), np.mean, method="percentile", rng=np.random.default_rng(1)).confidence_interval
    assert found == pytest.approx((reference.low, reference.high), abs=0.01)
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / 200**0.5, rel=0.05)


def test_bootstrap_covers_as_often_as_it_says() -> None:
    covered = [low <= 0 <= high for low, high in (stats.bootstrap_ci(noise(40, s), resamples=500) for s in range(200))]
    # 95 % nominal; the percentile interval of 40 values covers a little less. Binomial sd 1.6 %.
    assert 0.89 <= np.mean(covered) <= 0.99


def test_each_value_needs_its_cluster() -> None:
    with pytest.raises(UnscorableError, match="2 cluster labels for 4 values"):
        stats.spearman([1.0, 2.0, 3.0, 4.0], [1.0, 3.0, 2.0, 4.0], clusters=["a", "b"])


def test_bootstrap_refuses() -> None:
    with pytest.raises(UnscorableError, match=r"confidence must lie between 0 and 1, got 95"):
        stats.bootstrap_ci([1.0, 2.0], confidence=95)
    with pytest.raises(UnscorableError, match="resamples must be at least 1"):
        stats.bootstrap_ci([1.0, 2.0], resamples=0)


def test_minimum_detectable_effect_against_published_power_tables() -> None:
    # G*Power, two-sided paired t-test, alpha 0.05, power 0.80: 34 pairs for d = 0.5, 199 for 0.2, 15 for 0.8.
    for n, effect in ((34, 0.5), (199, 0.2), (15, 0.8)):
        assert stats.minimum_detectable_effect(n, 1.0) <= effect < stats.minimum_detectable_effect(n - 1, 1.0)


def test_minimum_detectable_effect_approaches_the_normal_closed_form() -> None:
    z = sps.norm.ppf(0.975) + sps.norm.ppf(0.8)
    assert stats.minimum_detectable_effect(5000, 2.0) == pytest.approx(2 * z / 5000**0.5, rel=1e-3)


def test_minimum_detectable_effect_is_detected_as_often_as_asked() -> None:
    effect = stats.minimum_detectable_effect(20, 1.0)
    draws = np.random.default_rng(0).normal(effect, 1.0, size=(20_000, 20))
    assert np.mean(sps.ttest_1samp(draws, 0, axis=1).pvalue < 0.05) == pytest.approx(0.8, abs=0.012)


@pytest.mark.parametrize(
    ("n", "sd", "power", "message"),
    [
        (1, 1.0, 0.8, "at least 2 pairs, got 1"),
        (9, 0.0, 0.8, "positive, finite standard deviation, got 0.0"),
        (9, 1.0, 1.2, "0 < alpha < power < 1"),
    ],
)
def test_minimum_detectable_effect_refuses(n: int, sd: float, power: float, message: str) -> None:
    with pytest.raises(UnscorableError, match=message):
        stats.minimum_detectable_effect(n, sd, power=power)


def test_corrections_by_hand() -> None:
    # R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") and "BH".
    p = [0.01, 0.04, 0.03, 0.005]
    np.testing.assert_allclose(stats.holm(p), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(stats.benjamini_hochberg(p), [0.02, 0.04, 0.04, 0.02])


@given(p_lists)
def test_benjamini_hochberg_agrees_with_scipy(p: list[float]) -> None:
    np.testing.assert_allclose(stats.benjamini_hochberg(p), sps.false_discovery_control(p), atol=1e-12)


@given(p_lists)
def test_holm_lies_between_the_raw_and_bonferroni(p: list[float]) -> None:
    adjusted = stats.holm(p)
    assert (adjusted >= np.asarray(p)).all()
    assert (adjusted <= np.minimum(np.asarray(p) * len(p), 1) + 1e-12).all()
    assert adjusted.min() == pytest.approx(min(1.0, min(p) * len(p)))
    assert (np.argsort(adjusted[np.argsort(p)], kind="stable") == np.arange(len(p))).all()
    np.testing.assert_allclose(stats.holm(p[::-1]), adjusted[::-1])


@pytest.mark.parametrize("correct", [stats.holm, stats.benjamini_hochberg])
def test_corrections_refuse(correct: object) -> None:
    for bad, message in (([], "p has 0 values"), ([0.1, np.nan], "p holds 1 NaN"), ([1.5], "between 0 and 1, got 1.5")):
        with pytest.raises(UnscorableError, match=message):
            correct(bad)  # type: ignore[operator]


def test_spearman_agrees_with_scipy() -> None:
    x, y = np.round(noise(30), 1), np.round(noise(30) + noise(30, 1), 1)
    found = stats.spearman(x, y)
    expected = sps.spearmanr(x, y)
    assert found.rho == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(expected.pvalue, abs=0.01)
    assert found.ci is not None
    assert found.ci.low < found.rho < found.ci.high


@settings(deadline=None, max_examples=30)
@given(samples)
def test_spearman_sees_order_only(x: np.ndarray) -> None:
    y = noise(len(x))
    found = stats.spearman(x, y, resamples=50)
    assert stats.spearman(x, np.exp(y), resamples=50).rho == pytest.approx(found.rho)
    assert stats.spearman(y, x, resamples=50).rho == pytest.approx(found.rho)
    assert stats.spearman(x, -y, resamples=50).rho == pytest.approx(-found.rho)
    assert stats.spearman(x, x, resamples=50).rho == pytest.approx(1.0)


def test_spearman_of_three_items_gives_no_interval() -> None:
    found = stats.spearman([1, 2, 3], [1, 2, 3])
    assert found.ci is None
    assert "resamples were constant; too few items" in found.notes[0]
    # 2 of the 6 orders correlate at +1 or -1.
    assert found.p == pytest.approx(1 / 3, abs=0.02)


def test_spearman_refuses() -> None:
    with pytest.raises(UnscorableError, match=r"every value of y is 2\.0"):
        stats.spearman([1, 2, 3], [2, 2, 2])
    with pytest.raises(UnscorableError, match="at least 3 are needed"):
        stats.spearman([1, 2], [1, 2])


def test_ranks_in_a_resample_are_those_of_the_items_drawn() -> None:
    from tli_bench.stats.correlation import _correlation, _Ranks

    x, y = np.round(noise(12), 1), np.round(noise(12) + noise(12, 1), 1)
    draw = np.random.default_rng(0).integers(0, 12, size=(50, 12))
    weights = np.stack([np.bincount(row, minlength=12) for row in draw]).astype(float)
    found = _correlation(_Ranks.of(x).under(weights), _Ranks.of(y).under(weights), weights)
    np.testing.assert_allclose(found, [sps.spearmanr(x[row], y[row]).statistic for row in draw])


def test_items_repeated_within_a_cluster_add_nothing() -> None:
    x, y = noise(15), noise(15) + noise(15, 1)
    once = stats.spearman(x, y)
    labels = [f"pair {i}" for i in range(15)] * 4
    copied = stats.spearman(np.tile(x, 4), np.tile(y, 4), clusters=labels)
    assert (once.n, once.clusters, copied.n, copied.clusters) == (15, 15, 60, 15)
    assert copied.rho == pytest.approx(once.rho)
    assert once.ci is not None
    assert copied.ci is not None
    # Another draw of the same intervals and shuffles.
    assert copied.ci == pytest.approx(once.ci, abs=0.03)
    assert copied.p == pytest.approx(once.p, abs=0.01)
    naive = stats.spearman(np.tile(x, 4), np.tile(y, 4))
    assert naive.ci is not None
    assert naive.ci.high - naive.ci.low < 0.7 * (copied.ci.high - copied.ci.low)
    assert naive.p < copied.p


def test_what_only_tells_slots_apart_is_in_every_shuffle() -> None:
    """Two groups of values, one above the other on both sides: a high correlation that says nothing of the clusters."""
    shift = np.repeat([0.0, 10.0], 15)
    x, y = noise(30) + shift, noise(30, 1) + shift
    clusters, slots = list(range(15)) * 2, ["low"] * 15 + ["high"] * 15
    assert stats.spearman(x, y, clusters=clusters, slots=slots).rho > 0.7
    assert stats.spearman(x, y, clusters=clusters, slots=slots).p > 0.1
    assert stats.spearman(x, y).p < 0.001
    # Clusters of which some lack a slot change places only with their like, in any order of the items.
    order = np.random.default_rng(0).permutation(29)
    some = stats.spearman(x[order], y[order], clusters=[clusters[i] for i in order], slots=[slots[i] for i in order])
    assert some.p > 0.1


def test_the_clustered_test_keeps_its_level() -> None:
    """Independent sides whose items hang together within clusters: 5 % of the p-values below 5 %, not far more."""
    clusters, slots = np.repeat(np.arange(12), 4), np.tile(np.arange(4), 12)
    p, naive = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        x, y = (np.repeat(rng.normal(size=12), 4) + 0.3 * rng.normal(size=48) for _ in range(2))
        p.append(stats.spearman(x, y, clusters=list(clusters), slots=list(slots), resamples=300).p)
        naive.append(stats.spearman(x, y, resamples=300).p)
    assert 0.01 <= np.mean(np.array(p) < 0.05) <= 0.10
    assert np.mean(np.array(naive) < 0.05) > 0.2


def test_a_correlation_of_two_clusters_is_refused() -> None:
    with pytest.raises(UnscorableError, match="2 clusters; at least 3 are needed"):
        stats.spearman(noise(6), noise(6, 1), clusters=[0, 0, 0, 1, 1, 1])


def test_detectable_correlation_is_found_at_the_power_it_says() -> None:
    n, rng = 20, np.random.default_rng(0)
    rho = stats.detectable_correlation(n)
    assert rho == pytest.approx(0.605, abs=0.005)
    # Pearson's correlation that gives this rank correlation in a bivariate normal (Pearson 1907).
    pearson = 2 * np.sin(np.pi * rho / 6)
    hits = 0
    for _ in range(1000):
        x = rng.normal(size=n)
        y = pearson * x + np.sqrt(1 - pearson**2) * rng.normal(size=n)
        hits += sps.spearmanr(x, y).pvalue < 0.05
    assert hits / 1000 == pytest.approx(0.8, abs=0.05)
    with pytest.raises(UnscorableError, match="at least 4 items, got 3"):
        stats.detectable_correlation(3)
