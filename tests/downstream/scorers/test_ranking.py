"""Rankings: hand-calculated values, ties against the model, invariance to order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tli_bench.base.errors import UnscorableError
from tli_bench.downstream.scorers.ranking import margin_error, rank_scores, xsim


def test_by_hand():
    # Query 0: right ones at ranks 1 and 3 of 4: AP (1/1 + 2/3)/2 = 5/6. Query 1: right one at rank 2: AP 1/2.
    scores = np.array([[0.9, 0.8, 0.7, 0.1], [0.5, 0.6, 0.1, 0.2]])
    gold = np.array([[True, False, True, False], [True, False, False, False]])
    found = rank_scores(scores, gold)
    assert found == pytest.approx((0.5, 0.75, (5 / 6 + 1 / 2) / 2, 2, 4))


def test_collapsed_vectors_score_nothing():
    found = rank_scores(np.ones((5, 5)), np.eye(5, dtype=bool))
    assert (found.p1, found.mrr, found.map) == pytest.approx((0.0, 0.2, 0.2))
    assert margin_error(np.ones((5, 5))) == xsim(np.ones((5, 5))) == 1.0


@given(st.permutations(range(6)), st.integers(0, 99))
def test_the_order_of_candidates_does_not_matter(order, seed):
    scores = np.random.default_rng(seed).random((4, 6))
    gold = np.zeros((4, 6), dtype=bool)
    gold[range(4), range(4)] = True
    assert rank_scores(scores[:, order], gold[:, order]) == rank_scores(scores, gold)


def test_xsim_by_hand():
    # k = 2 of 2: margin is cosine over the mean of row mean and column mean. Row 0: .8/.65 > .6/.6; row 1: .5/.5, wrong .5/.55.
    for error in (xsim, margin_error):
        assert error(np.array([[0.8, 0.6], [0.5, 0.5]])) == 0.0
        assert error(np.array([[0.1, 0.9], [0.9, 0.1]])) == 1.0


def laser(similarity, k):
    """The steps of LASER's source/xsim.py: k nearest by cosine in both directions, then the best margin among those k."""
    nearest = [sorted(range(len(row)), key=lambda j, row=row: -row[j])[:k] for row in similarity]
    back = [sorted(column, reverse=True)[:k] for column in similarity.T]
    wrong = 0
    for i, row in enumerate(similarity):
        mean = sum(row[j] for j in nearest[i]) / k
        wrong += max(nearest[i], key=lambda j: row[j] / ((mean + sum(back[j]) / k) / 2)) != i
    return wrong / len(similarity)


@given(st.integers(0, 300), st.integers(5, 30))
def test_xsim_is_lasers(seed, size):
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(2, size, 6)) + 1.0
    vectors[1] = 0.5 * vectors[1] + 0.5 * vectors[0]
    units = vectors / np.linalg.norm(vectors, axis=2, keepdims=True)
    similarity = np.abs(units[0] @ units[1].T)
    assert xsim(similarity) == pytest.approx(laser(similarity, 4))


def test_over_all_columns_the_error_is_another():
    """Row 0's own column is its fifth nearest, which is out of reach for xSIM; its margin is the highest all the same, for
    the four before it are hubs."""
    similarity = np.full((9, 9), 0.1)
    np.fill_diagonal(similarity, 0.5)
    similarity[:, 1:5] = 0.9
    similarity[0, 1:5] = 0.6
    similarity[5:, 0] = 0.0
    assert margin_error(similarity) == pytest.approx(8 / 9)
    assert xsim(similarity) == 1.0


@pytest.mark.parametrize(
    ("scores", "gold", "message"),
    [
        ([[0.1, np.nan]], [[True, False]], "NaN"),
        ([[0.1, 0.2]], [[False, False]], "query 0 has no right"),
        ([[0.1, 0.2]], [[True, True]], "query 0 has no wrong"),
        ([[0.1, 0.2]], [[True]], "same non-empty matrix"),
    ],
)
def test_what_cannot_be_ranked_is_refused(scores, gold, message):
    with pytest.raises(UnscorableError, match=message):
        rank_scores(np.array(scores), np.array(gold))


def test_xsim_without_positive_means_is_refused():
    with pytest.raises(UnscorableError, match="not positive"):
        margin_error(-np.eye(3) - 0.1)
