"""Wilcoxon's signed-rank p by counting all signs, by scipy, and where rounding would break ties."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as sps

from tli_bench import stats
from tli_bench.stats.signed_rank import EXACT, signed_rank_p


def counted(differences):
    """The share of all signs whose sum of ranks is at least as far from the middle, one by one."""
    left = np.array([d for d in differences if d], dtype=float)
    ranks = sps.rankdata(np.abs(left))
    sums = [sum(rank for rank, up in zip(ranks, ups, strict=True) if up) for ups in product((0, 1), repeat=len(left))]
    far = abs(ranks[left > 0].sum() - ranks.sum() / 2)
    return np.mean([abs(total - ranks.sum() / 2) >= far for total in sums])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9).filter(any))
def test_with_ties_and_zeros_it_counts_every_sign(differences):
    assert signed_rank_p(np.array(differences, dtype=float)) == pytest.approx(counted(differences))


@pytest.mark.parametrize("n", [5, 20, EXACT])
def test_without_ties_it_is_scipys_exact_p(n):
    differences = np.random.default_rng(n).normal(0.3, 1, size=n)
    assert signed_rank_p(differences) == pytest.approx(sps.wilcoxon(differences, method="exact").pvalue)


def test_of_many_it_is_scipys_normal_p_ties_corrected():
    differences = np.random.default_rng(0).integers(-5, 7, size=200).astype(float)
    assert signed_rank_p(differences) == pytest.approx(sps.wilcoxon(differences, method="asymptotic").pvalue)


def test_no_p_is_below_what_so_few_items_can_give():
    """Five items that all rise by one: the normal distribution said 0.025, and no five items can say less than 2 / 32."""
    found = stats.paired([0, 0, 0, 0, 0], [1, 1, 1, 1, 1])
    assert found.wilcoxon_p == pytest.approx(2 / 32)


def test_rounding_breaks_no_ties():
    """Decimals in a file: 0.4 - 0.3 and 0.2 - 0.1 are one size, and 0.1 + 0.2 is 0.3."""
    before, after = np.array([0.1, 0.2, 0.3, 0.7, 0.6]), np.array([0.2, 0.1, 0.4, 0.8, 0.5])
    tenths = np.array([1, -1, 1, 1, -1])
    assert stats.paired(before, after).wilcoxon_p == pytest.approx(counted(tenths))
    same = stats.paired([0.3, 0.5], [0.1 + 0.2, 0.5])
    assert (same.difference, same.p, same.notes) == (0.0, 1.0, ("no value changed",))
