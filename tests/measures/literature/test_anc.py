"""Average neuron-wise correlation against scipy's Pearson correlation of every dimension."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr

from tests.measures.conftest import make_cloud
from tests.measures.literature.spaces import doubles, moved, order, value
from tli_bench.base.errors import UnscorableError


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 10))
def test_they_agree_with_scipy(seed, noise):
    source, target = make_cloud(seed, n=20, d=7, noise=noise)
    one, other = doubles(source, target)
    found = [pearsonr(one[:, i], other[:, i]).statistic for i in range(7)]
    assert value("anc", source, target) == pytest.approx(np.mean(found), abs=1e-9)
    assert value("anc_abs", source, target) == pytest.approx(np.mean(np.abs(found)), abs=1e-9)


@pytest.mark.parametrize("name", ["anc", "anc_abs"])
@pytest.mark.parametrize("how", ["scale", "order", "translation"])
def test_scale_order_and_translation_change_nothing(name, how):
    before, after = moved(name, how)
    assert after == pytest.approx(before, abs=1e-5)


def test_dimensions_have_names_here():
    source, target = make_cloud(n=40, d=9, noise=0.5)
    mixed = order(9)
    assert value("anc", source[:, mixed], target[:, mixed]) == pytest.approx(value("anc", source, target), abs=1e-9)
    assert abs(value("anc", source, target[:, mixed])) < 0.3 < value("anc", source, target)
    before, after = moved("anc_abs", "rotation", both=False)
    assert abs(before - after) > 0.1
    assert value("anc", source, -target) == pytest.approx(-value("anc", source, target), abs=1e-9)


def test_unrelated_words_have_none_but_absolute_values_do():
    n = 400
    source, target = (torch.randn(n, 200, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    # The mean of 200 correlations of standard deviation 1 / sqrt(400), four standard errors allowed.
    assert abs(value("anc", source, target)) < 4 / math.sqrt(n * 200)
    assert value("anc_abs", source, target) == pytest.approx(math.sqrt(2 / (math.pi * n)), rel=0.15)


def test_a_dimension_that_does_not_vary_is_left_out():
    source, target = make_cloud(n=20, d=6)
    expected = value("anc", source[:, :5], target[:, :5])
    source[:, 5] = 3.1
    assert value("anc", source, target) == pytest.approx(expected, abs=1e-9)
    with pytest.raises(UnscorableError, match="no dimension varies in both languages"):
        value("anc", source[:1].repeat(20, 1), target)
    with pytest.raises(UnscorableError, match="at least 3 words, got 2"):
        value("anc_abs", source[:2], target[:2])
