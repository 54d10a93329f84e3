"""Ranks: known orders, ties, and how often a board of equal entries claims a difference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as sps

from benchmarks.rank_null import LUCK, false_boards
from tli_bench.base.errors import UnscorableError
from tli_bench.languages import DEFAULT_PAIRS
from tli_bench.report.scopes import scopes_for
from tli_bench.stats.pseudo import clustered, simultaneous
from tli_bench.stats.ranks import MIN_PAIRS, differences, pair_parts, rank_entries, separated

WORDS = 40


def noise(seed, scale=0.1):
    return np.random.default_rng(seed).normal(0, scale, WORDS)


def ranks(*entries):
    return rank_entries(np.stack(entries, axis=1))


def test_a_clear_order_has_no_ties_and_tight_intervals():
    found = ranks(noise(0), noise(1) + 1, noise(2) + 2)
    assert [r.rank for r in found] == [3, 2, 1]
    assert not any(r.tied for r in found)
    assert [r.rank_interval for r in found] == [(3, 3), (2, 2), (1, 1)]


def test_identical_entries_share_the_rank():
    found = ranks(noise(0), noise(0), noise(1) - 1)
    assert [(r.rank, r.tied, r.rank_interval) for r in found] == [
        (1, True, (1, 2)),
        (1, True, (1, 2)),
        (3, False, (3, 3)),
    ]


def test_a_constant_small_lead_on_every_word_is_beyond_doubt():
    base = noise(0, scale=1.0)
    assert [(r.rank, r.tied) for r in ranks(base, base + 0.001)] == [(2, False), (1, False)]


def test_a_lead_that_hangs_on_one_word_is_a_tie():
    lucky = np.zeros(WORDS)
    lucky[0] = 1.0
    found = ranks(np.zeros(WORDS), lucky)
    assert [(r.rank, r.tied, r.rank_interval) for r in found] == [(1, True, (1, 2)), (1, True, (1, 2))]


def test_a_rank_lies_between_those_certainly_better_and_those_certainly_worse():
    """A beats C, and B stands between them and cannot be told from either."""
    entries = [noise(i) - noise(i).mean() + lead for i, lead in enumerate((0.08, 0.04, 0.0))]
    assert separated(np.stack(entries, axis=1)).tolist() == [[False, False, True], [False] * 3, [False] * 3]
    assert [r.rank_interval for r in ranks(*entries)] == [(1, 2), (1, 3), (2, 3)]


def test_the_interval_of_a_score_is_students():
    values = noise(3, scale=0.2)
    (found,) = ranks(values)
    assert found.score == pytest.approx(values.mean())
    assert found.ci == pytest.approx(tuple(sps.ttest_1samp(values, 0).confidence_interval(0.95)), rel=1e-12)


def test_two_entries_are_separated_as_one_paired_test_does():
    """With two entries there is one difference, and max-T is its own two-sided t-test at 5 %."""
    for seed in range(30):
        rng = np.random.default_rng(seed)
        columns = rng.normal(size=(30, 2)) + np.array([0.0, 0.35])
        difference = (columns[:, 1] - columns[:, 0])[:, None]
        assert separated(columns).any() == (abs(difference.mean()) > simultaneous(difference)[0])


@pytest.mark.parametrize(("entries", "boards"), [(2, 150), (9, 60), (20, 40), (50, 25)])
def test_boards_of_equal_models_seldom_claim_a_difference(entries, boards):
    """Of boards of equal models 5 % may say that any two of them differ, however many there are."""
    wrong = 0
    for seed in range(boards):
        rng = np.random.default_rng(seed)
        hard = rng.normal(0.35, 0.1, (166, 1))
        wrong += bool(separated(hard + rng.normal(0, 0.15, (166, entries))).any())
    assert sps.binomtest(wrong, boards, 0.05, alternative="greater").pvalue > 0.01


def test_a_real_difference_is_found_among_many():
    rng = np.random.default_rng(0)
    columns = rng.normal(0.35, 0.1, (166, 1)) + rng.normal(0, 0.15, (166, 20))
    columns[:, 7] += 0.15
    found = rank_entries(columns)
    assert (found[7].rank, found[7].tied) == (1, False)
    assert all(r.rank == 2 and r.tied for i, r in enumerate(found) if i != 7)


def test_the_mean_over_pairs_is_clustered_by_concept():
    """One pair's values are the negative of the other's, concept by concept: together they say nothing, and nothing varies."""
    names, found = clustered([noise(4)[:, None], -noise(4)[:, None]], [range(WORDS), range(WORDS)])
    assert len(names) == WORDS
    assert np.abs(found).max() < 1e-12


def test_too_little_to_rank_on_is_refused():
    with pytest.raises(UnscorableError, match="19 words are too few for a rank"):
        rank_entries(np.ones((19, 2)))
    with pytest.raises(UnscorableError, match="not finite"):
        rank_entries(np.full((20, 2), np.nan))


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(5)), seed=st.integers(0, 1000))
def test_the_order_of_entries_does_not_matter(order, seed):
    entries = [noise(seed + i, 0.3) + 0.1 * i for i in range(5)]
    straight, shuffled = ranks(*entries), ranks(*(entries[i] for i in order))
    for place, i in enumerate(order):
        assert (shuffled[place].rank, shuffled[place].rank_interval) == (straight[i].rank, straight[i].rank_interval)
        assert shuffled[place].ci == pytest.approx(straight[i].ci)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), entries=st.integers(3, 12))
def test_what_is_certain_is_transitive(seed, entries):
    """One critical value and a norm of differences: if A beats B and B beats C, then A beats C, so one leader has rank 1 alone."""
    rng = np.random.default_rng(seed)
    columns = rng.normal(0, 0.2, (40, entries)) * rng.uniform(0.1, 3, entries) + rng.normal(0, 0.2, entries)
    better = separated(columns)
    assert not ((better.astype(int) @ better.astype(int) > 0) & ~better).any()
    first = [r for r in rank_entries(columns) if r.rank == 1]
    assert len(first) > 1 or first[0].rank_interval == (1, 1)


def test_the_standard_error_is_that_of_the_mean_over_words():
    values = noise(3, scale=0.2)
    assert ranks(values)[0].se == pytest.approx(values.std(ddof=1) / WORDS**0.5)


def test_rank_sets_are_those_of_simultaneous_differences():
    """Mogstad et al. 2024: 1 + those certainly better to the number of entries minus those certainly worse, by hand."""
    offset = np.array([0.9, 0.6, 0.58, 0.56, 0.1])
    columns = np.random.default_rng(5).normal(0, 0.1, (60, 5))
    columns += offset - columns.mean(axis=0)
    found = rank_entries(columns)
    assert [r.rank_interval for r in found] == [(1, 1), (2, 4), (2, 4), (2, 4), (5, 5)]
    assert [r.rank for r in found] == [1, 2, 2, 2, 5]


def test_all_true_ranks_lie_in_their_intervals_on_nearly_every_board():
    """The sets hold together: all eight true ranks are covered by at least 95 % of boards, within what 150 boards can tell."""
    truth, missed = np.array([0.50, 0.48, 0.46, 0.40, 0.38, 0.30, 0.29, 0.10]), 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        columns = rng.normal(0, 0.2, (80, 1)) + rng.normal(0, 0.2, (80, 8)) + truth
        sets = [r.rank_interval for r in rank_entries(columns)]
        missed += not all(low <= place <= high for place, (low, high) in enumerate(sets, start=1))
    assert sps.binomtest(missed, 150, 0.05, alternative="greater").pvalue > 0.01


@pytest.mark.parametrize("scope", ["overall", "families"])
def test_equal_models_over_many_pairs_of_shared_concepts_seldom_claim_a_difference(scope):
    """The simulation of `benchmarks/rank_null.py`, small: bounded scores, concepts shared by fifteen pairs, both averages."""
    (over,) = [s for s in scopes_for(DEFAULT_PAIRS) if s.id == scope]
    wrong = false_boards(10, 60, 60, over)
    assert sps.binomtest(wrong, 60, 0.05, alternative="greater").pvalue > 0.01


def mogstad_sets(columns, *, stepdown, draws=20_000, level=0.95, seed=99):
    """Simultaneous rank sets as Mogstad, Romano, Shaikh & Wilhelm (2024) and R's `csranks` have them, written out one difference at a time.

    The estimates are taken as normal with their covariance; a pair of entries is apart where its difference exceeds the largest
    standardised difference of `level` of all draws. stepdown: once found, a pair is taken out and the rest is tested again.
    """
    n, count = columns.shape
    covariance = np.cov(columns, rowvar=False) / n
    drawn = np.random.default_rng(seed).multivariate_normal(np.zeros(count), covariance, size=draws)
    mean, apart = columns.mean(axis=0), set()
    left = {(a, b) for a in range(count) for b in range(count) if a != b}
    while left:
        error = {(a, b): (covariance[a, a] + covariance[b, b] - 2 * covariance[a, b]) ** 0.5 for a, b in left}
        largest = np.max([np.abs(drawn[:, a] - drawn[:, b]) / error[a, b] for a, b in left], axis=0)
        bound = np.quantile(largest, level)
        found = {(a, b) for a, b in left if mean[a] - mean[b] > bound * error[a, b]}
        apart |= found
        if not found or not stepdown:
            break
        left -= found | {(b, a) for a, b in found}
    return [
        (1 + sum((other, own) in apart for other in range(count)), count - sum((own, o) in apart for o in range(count)))
        for own in range(count)
    ]


def test_rank_sets_are_those_of_an_independent_implementation():
    """On random boards of 2 to 7 entries: alike but for the noise of the draws, and never narrower than with step-down."""
    alike, covering, boards = 0, 0, 40
    for seed in range(boards):
        rng = np.random.default_rng(seed)
        entries = int(rng.integers(2, 8))
        columns = rng.normal(0, 0.3, (400, 1)) + rng.normal(0, 0.3, (400, entries)) * rng.uniform(0.3, 2, entries)
        columns += rng.choice([0.0, 0.03, 0.06, 0.12], entries)
        own = [r.rank_interval for r in rank_entries(columns, seed=seed)]
        alike += own == mogstad_sets(columns, stepdown=False)
        stepped = mogstad_sets(columns, stepdown=True)
        covering += all(low <= first and last <= high for (low, high), (first, last) in zip(own, stepped, strict=True))
    assert min(alike, covering) >= boards - 2


def over_pairs_of(leads, *, words=60):
    """Two entries on `len(leads)` pairs of the same words: the second is better by its lead on each pair, on every word alike."""
    base = np.random.default_rng(3).normal(0.4, 0.2, words)
    values = [np.stack([base, base + lead], axis=1) for lead in leads]
    _, columns = clustered(values, [range(words)] * len(leads))
    return columns, pair_parts(values, np.full(len(leads), 1 / len(leads)))


def test_a_lead_that_hangs_on_the_choice_of_pairs_is_a_tie_once_they_are_drawn():
    columns, parts = over_pairs_of([0.3, -0.1] * (MIN_PAIRS // 2))
    found = rank_entries(columns, parts=parts)
    assert [(r.rank_interval, r.drawn_interval) for r in found] == [((2, 2), (1, 2)), ((1, 1), (1, 2))]


def test_a_lead_on_every_pair_stays_when_they_are_drawn():
    columns, parts = over_pairs_of([0.1] * MIN_PAIRS)
    assert [r.drawn_interval for r in rank_entries(columns, parts=parts)] == [(2, 2), (1, 1)]


def test_without_spread_over_words_the_interval_is_that_of_a_t_test_over_pairs():
    leads = np.array([0.3, -0.1, 0.2, 0.0, 0.25, 0.05, 0.1, 0.4])
    columns, parts = over_pairs_of(leads)
    gaps, half = differences(columns, parts=parts)
    low, high = sps.ttest_1samp(leads, 0).confidence_interval(0.95)
    assert gaps[1, 0] == pytest.approx(leads.mean())
    assert half[1, 0] == pytest.approx((high - low) / 2, rel=0.05)


def test_words_and_pairs_add_their_variances():
    rng = np.random.default_rng(0)
    values = [rng.normal(0.4, 0.2, (50, 2)) + rng.normal(0, 0.1, 2) for _ in range(10)]
    _, columns = clustered(values, [range(50)] * 10)
    parts = pair_parts(values, np.full(10, 0.1))
    gap = np.array([value[:, 0].mean() - value[:, 1].mean() for value in values])
    over_words = columns[:, 0] - columns[:, 1]
    variance = over_words.var(ddof=1) / 50 + gap.var(ddof=1) / 10
    _, half = differences(columns, parts=parts)
    assert half[0, 1] == pytest.approx(sps.t.isf(0.025, 9) * variance**0.5, rel=0.05)


def test_few_pairs_say_nothing_about_others():
    columns, parts = over_pairs_of([0.3, -0.1, 0.2])
    assert [r.drawn_interval for r in rank_entries(columns, parts=parts)] == [None, None]
    assert [r.drawn_interval for r in rank_entries(columns)] == [None, None]


def test_models_that_are_equal_over_pairs_still_to_come_are_seldom_told_apart_when_pairs_are_drawn():
    """Each has luck of its own with each pair: ranks for these very pairs see it, and are right about these pairs alone."""
    (over,) = [s for s in scopes_for(DEFAULT_PAIRS) if s.id == "overall"]
    for_these, for_others = (false_boards(6, 60, 60, over, luck=LUCK, drawn=drawn) for drawn in (False, True))
    assert for_these > 20
    assert sps.binomtest(for_others, 60, 0.05, alternative="greater").pvalue > 0.01
