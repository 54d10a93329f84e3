"""Ranks and ties on constructed cases with known answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tli_bench.base.errors import UnscorableError
from tli_bench.report.ranking import rank_entries

WORDS = [f"c{i}" for i in range(40)]


def noise(seed, scale=0.1):
    return np.random.default_rng(seed).normal(0, scale, len(WORDS))


def ranks(*entries, **options):
    return rank_entries([np.stack(entries)], [WORDS], **options)


def test_a_clear_order_has_no_ties_and_tight_intervals():
    found = ranks(noise(0), noise(1) + 1, noise(2) + 2)
    assert [r.rank for r in found] == [3, 2, 1]
    assert not any(r.tied for r in found)
    assert [r.rank_interval for r in found] == [(3, 3), (2, 2), (1, 1)]


def test_identical_entries_share_the_rank():
    found = ranks(noise(0), noise(0), noise(1) - 1)
    assert [(r.rank, r.tied) for r in found] == [(1, True), (1, True), (3, False)]


def test_a_constant_small_lead_on_every_word_is_beyond_doubt():
    base = noise(0, scale=1.0)
    found = ranks(base, base + 0.001)
    assert [(r.rank, r.tied) for r in found] == [(2, False), (1, False)]


def test_a_lead_that_hangs_on_one_word_is_a_tie():
    lucky = np.zeros(len(WORDS))
    lucky[0] = 1.0
    found = ranks(np.zeros(len(WORDS)), lucky)
    assert [(r.rank, r.tied) for r in found] == [(1, True), (1, True)]
    assert found[1].rank_interval == (1, 1) or found[1].rank_interval == (1, 2)


def test_the_interval_of_the_score_matches_the_standard_error():
    # Bootstrap interval of a mean: about +- 1.96 sd / sqrt(n).
    values = noise(3, scale=0.2)
    half = 1.96 * values.std() / len(values) ** 0.5
    (found,) = ranks(values, resamples=20_000)
    assert found.score == pytest.approx(values.mean())
    assert found.ci == pytest.approx((values.mean() - half, values.mean() + half), abs=0.15 * half)


def test_pairs_weigh_the_same_whatever_their_length():
    found = rank_entries([np.ones((1, 40)), np.zeros((1, 4))], [WORDS, WORDS[:4]])
    assert found[0].score == pytest.approx(0.5)


def test_a_concept_is_drawn_in_all_pairs_together():
    # One pair's values are the negative of the other's, word by word: drawn together they cancel in every resample.
    values = noise(4)
    found = rank_entries([values[None], -values[None]], [WORDS, WORDS])
    assert found[0].ci == pytest.approx((0.0, 0.0), abs=1e-12)


def test_too_little_to_draw_from_is_refused():
    with pytest.raises(UnscorableError, match="needs at least 2"):
        rank_entries([np.ones((2, 1))], [["c"]])
    with pytest.raises(UnscorableError, match="no pair"):
        rank_entries([], [])
    with pytest.raises(UnscorableError, match="not finite"):
        rank_entries([np.array([[1.0, np.nan]])], [["a", "b"]])


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(5)), seed=st.integers(0, 1000))
def test_the_order_of_entries_does_not_matter(order, seed):
    entries = [noise(seed + i, 0.3) + 0.1 * i for i in range(5)]
    straight = ranks(*entries, resamples=200)
    shuffled = ranks(*(entries[i] for i in order), resamples=200)
    for place, i in enumerate(order):
        assert (shuffled[place].rank, shuffled[place].tied) == (straight[i].rank, straight[i].tied)
        assert shuffled[place].ci == pytest.approx(straight[i].ci)
