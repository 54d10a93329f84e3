"""Rankings: hand-calculated values, ties against the model, invariance to order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tli_bench.base.errors import UnscorableError
from tli_bench.downstream.scorers.ranking import rank_scores, xsim_error


def test_by_hand():
    # Query 0: right ones at ranks 1 and 3 of 4: AP (1/1 + 2/3)/2 = 5/6. Query 1: right one at rank 2: AP 1/2.
    scores = np.array([[0.9, 0.8, 0.7, 0.1], [0.5, 0.6, 0.1, 0.2]])
    gold = np.array([[True, False, True, False], [True, False, False, False]])
    found = rank_scores(scores, gold)
    assert found == pytest.approx((0.5, 0.75, (5 / 6 + 1 / 2) / 2, 2, 4))


def test_collapsed_vectors_score_nothing():
    found = rank_scores(np.ones((5, 5)), np.eye(5, dtype=bool))
    assert (found.p1, found.mrr, found.map) == pytest.approx((0.0, 0.2, 0.2))
    assert xsim_error(np.ones((5, 5))) == 1.0


@given(st.permutations(range(6)), st.integers(0, 99))
def test_the_order_of_candidates_does_not_matter(order, seed):
    scores = np.random.default_rng(seed).random((4, 6))
    gold = np.zeros((4, 6), dtype=bool)
    gold[range(4), range(4)] = True
    assert rank_scores(scores[:, order], gold[:, order]) == rank_scores(scores, gold)


def test_xsim_by_hand():
    # k = 2 of 2: margin is cosine over the mean of row mean and column mean. Row 0: .8/.65 > .6/.6; row 1: .5/.5, wrong .5/.55.
    assert xsim_error(np.array([[0.8, 0.6], [0.5, 0.5]])) == 0.0
    assert xsim_error(np.array([[0.1, 0.9], [0.9, 0.1]])) == 1.0


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
        xsim_error(-np.eye(3) - 0.1)
