"""The statistics of studies: planted truths are found, and nothing is found where nothing was planted, at the stated rates."""

import numpy as np
import pytest
from scipy import stats as sps

from tli_bench.base.errors import UnscorableError
from tli_bench.studies.effects import Cells, effects, relation, smallest_effect

RANKS = np.log2([1, 4, 16, 64])
SLOPE = (RANKS - RANKS.mean()) / ((RANKS - RANKS.mean()) ** 2).sum()
CONTRASTS = np.array([SLOPE, [-1, 1, 0, 0], [-1, 0, 0, 1], [1, 0, 0, 0]])
CONCEPTS, PAIRS, RUNS = 80, 3, 4


def simulated(rng, gains, *, run_sd=0.04):
    """A study of three pairs that share concepts: words differ, words differ in their gain, and every training wobbles."""
    concept = rng.normal(0, 0.3, (CONCEPTS, 1, 1))
    wobble = rng.normal(0, run_sd, (len(gains), RUNS)) + rng.normal(0, run_sd, RUNS)
    columns = [
        np.asarray(gains)[:, None]
        + concept * 0.2
        + wobble
        + rng.normal(0, 0.25, (CONCEPTS, len(gains), 1))
        + rng.normal(0, 0.1, (CONCEPTS, len(gains), RUNS))
        for _ in range(PAIRS)
    ]
    ids = tuple(f"c{i}" for i in range(CONCEPTS))
    return Cells(tuple(columns), (ids,) * PAIRS)


def error_rate(claims, *, count):
    """Upper bound of a count that a rate of 5 % exceeds once in ten thousand."""
    return claims <= sps.binom.ppf(0.9999, count, 0.05)


def test_where_rank_does_not_matter_five_studies_in_a_hundred_claim_anything():
    """Family-wise over slope and differences; without the runs' part of the error the rate would be several times that."""
    rng, count = np.random.default_rng(1), 400
    found = [effects(simulated(rng, [0.1] * 4).over(), CONTRASTS[:3], seed=i) for i in range(count)]
    claims = sum(any(one.shown for one in each) for each in found)
    assert error_rate(claims, count=count), claims
    assert claims >= 2, "an interval that never errs is too wide to be one of 95 %"
    words_alone = sum(any(abs(one.value) > 2.4 * one.words_se for one in each) for each in found)
    assert not error_rate(words_alone, count=count), words_alone


def with_twins(rng, *, twin_sd):
    """Two settings of no difference and their twins, which scatter from seed to seed as they like."""
    ours, twins = simulated(rng, [0.1, 0.1], run_sd=0.02), simulated(rng, [0.0, 0.0], run_sd=twin_sd)
    return np.concatenate([ours.over(), twins.over()], axis=1)


@pytest.mark.parametrize("twin_sd", [0.02, 0.3])
def test_twins_that_scatter_neither_widen_nor_falsify_what_is_said_of_right_pairs(twin_sd):
    rng, count = np.random.default_rng(3), 300
    difference, net = np.array([[1.0, -1.0, 0, 0]]), np.array([[1.0, -1.0, -1.0, 1.0]])
    both = np.concatenate([difference, net])
    found = [effects(with_twins(rng, twin_sd=twin_sd), both, twins=2, seed=i) for i in range(count)]
    claims = sum(any(one.shown for one in each) for each in found)
    assert error_rate(claims, count=count), claims
    alone = [effects(with_twins(rng, twin_sd=twin_sd)[:, :2], difference[:, :2])[0].runs_se for _ in range(count)]
    assert np.median([each[0].runs_se for each in found]) == pytest.approx(np.median(alone), rel=0.15)
    if twin_sd > 0.1:
        assert np.median([each[1].runs_se for each in found]) > 5 * np.median(alone)


def test_where_rank_matters_it_is_found_as_often_as_the_stated_power():
    """The slope is planted at the size that the first study says it could show with 80 %."""
    rng, count = np.random.default_rng(2), 200
    sizes = [effects(simulated(rng, [0.1] * 4).over(), CONTRASTS[:3])[0].smallest for _ in range(20)]
    slope = float(np.mean(sizes))
    found = [effects(simulated(rng, 0.1 + slope * RANKS).over(), CONTRASTS[:3], seed=i)[0] for i in range(count)]
    power = np.mean([one.shown for one in found])
    assert 0.7 <= power <= 0.92, power
    cover = np.mean([one.low <= slope <= one.high for one in found])
    assert cover >= 0.93, cover
    assert np.mean([one.value for one in found]) == pytest.approx(slope, rel=0.1)


def test_a_change_against_the_base_counts_what_all_settings_of_a_run_share():
    rng = np.random.default_rng(3)
    covered = []
    for i in range(300):
        one = effects(simulated(rng, [0.1] * 4, run_sd=0.06).over(), CONTRASTS[3:], seed=i)[0]
        covered.append(one.low <= 0.1 <= one.high)
    assert 0.9 <= np.mean(covered) <= 0.985, np.mean(covered)


def test_without_noise_between_runs_the_interval_is_students_over_words():
    rng = np.random.default_rng(4)
    column = rng.normal(0.1, 0.2, (40, 1, 1))
    (one,) = effects(column, np.array([[1.0]]))
    half = sps.t.ppf(0.975, 39) * column.std(ddof=1) / 40**0.5
    assert (one.low, one.high) == pytest.approx((column.mean() - half, column.mean() + half))
    assert one.runs_se is None


def test_under_twenty_words_no_interval_is_given():
    (one,) = effects(np.random.default_rng(5).normal(size=(19, 1, 3)), np.array([[1.0]]))
    assert (one.low, one.high, one.smallest, one.shown) == (None, None, None, False)


def test_bonferroni_is_no_narrower_than_the_largest_t():
    phi = simulated(np.random.default_rng(6), [0.1] * 4).over()
    wide = effects(phi, CONTRASTS[:3], correction="bonferroni")
    narrow = effects(phi, CONTRASTS[:3])
    assert all(w.high - w.low >= 0.99 * (n.high - n.low) for w, n in zip(wide, narrow, strict=True))


def test_an_effect_that_grows_with_distance_has_the_slope_that_was_planted():
    rng, distance = np.random.default_rng(7), [0.2, 0.5, 0.6, 0.9, 0.7]
    ids = tuple(f"c{i}" for i in range(60))
    columns = tuple(0.3 * d + rng.normal(0, 0.05, (60, 1, 2)) for d in distance)
    found = relation(Cells(columns, (ids,) * 5), np.array([1.0]), distance)
    assert found.words.low < 0.3 < found.words.high
    assert found.words.shown
    assert found.pairs[0] < 0.3 < found.pairs[1]
    with pytest.raises(UnscorableError, match="differ in the property"):
        relation(Cells(columns, (ids,) * 5), np.array([1.0]), [0.5] * 5)


def test_a_design_says_beforehand_what_its_points_say_afterwards():
    """The planned smallest effect of a difference between two settings is near that of simulated points."""
    rng = np.random.default_rng(8)
    points = [effects(simulated(rng, [0.1] * 4).over(), CONTRASTS[1:2])[0] for _ in range(40)]
    word_sd = float(np.mean([one.words_se for one in points])) * CONCEPTS**0.5
    planned = smallest_effect(words=CONCEPTS, word_sd=word_sd, runs=RUNS, run_sd=0.041, settings=4, contrasts=1)
    assert planned == pytest.approx(np.mean([one.smallest for one in points]), rel=0.1)


def test_cells_with_a_missing_value_are_refused():
    bad = np.full((5, 1, 1), np.nan)
    with pytest.raises(UnscorableError, match="finite value for every setting"):
        Cells((bad,), (tuple("abcde"),))
