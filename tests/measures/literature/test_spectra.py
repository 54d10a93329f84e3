"""SVG and ECOND-HM against singular values from eigenvalues of a covariance, and against spectra made by hand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.measures.conftest import make_cloud
from tests.measures.literature.spaces import doubles, moved, value
from tli_bench.base.errors import UnscorableError

BOTH = ("svg", "econd_hm")


def singular(x):
    """Singular values of a centred cloud from its covariance, the largest first; those that rounding makes are left out."""
    found = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(x, rowvar=False)), 0) * (len(x) - 1))[::-1]
    return found[: min(len(x) - 1, x.shape[1])]


def condition(values):
    share = values / values.sum()
    return values[0] / values[math.floor(math.exp(-sum(p * math.log(p) for p in share))) - 1]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([(30, 6), (6, 20)]))
def test_they_agree_with_the_covariance(seed, shape):
    source, target = make_cloud(seed, n=shape[0], d=shape[1], noise=0.8)
    one, other = (singular(x) for x in doubles(source, target))
    assert value("svg", source, target) == pytest.approx(np.sum((np.log(one) - np.log(other)) ** 2), rel=1e-6)
    expected = 2 / (1 / condition(one) + 1 / condition(other))
    assert value("econd_hm", source, target) == pytest.approx(expected, rel=1e-6)


def axes(*lengths):
    """A centred cloud with these singular values: two words at plus and minus on each axis."""
    side = torch.diag(torch.tensor(lengths)) / math.sqrt(2)
    return torch.cat([side, -side])


def test_spectra_made_by_hand():
    assert value("svg", axes(4.0, 2.0), axes(2.0, 1.0)) == pytest.approx(2 * math.log(2) ** 2, abs=1e-6)
    # Even spectra have all axes effective: a condition of 1. Entropy of (8, 1) / 9 gives a rank of 1: again 1.
    assert value("econd_hm", axes(2.0, 2.0, 2.0), axes(5.0, 5.0, 5.0)) == pytest.approx(1, abs=1e-6)
    assert value("econd_hm", axes(8.0, 1.0), axes(8.0, 1.0)) == pytest.approx(1, abs=1e-6)
    # exp(entropy of (3, 2, 2) / 7) = 2.94: two axes, 3 / 2, beside a condition of 1.
    assert value("econd_hm", axes(3.0, 2.0, 2.0), axes(5.0, 5.0, 5.0)) == pytest.approx(2 * 1.5 / 2.5, abs=1e-6)


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("how", ["rotation", "scale", "order", "translation"])
def test_what_both_languages_share_changes_nothing(name, how):
    before, after = moved(name, how)
    assert after == pytest.approx(before, rel=1e-4)


@pytest.mark.parametrize("how", ["rotation", "order", "translation"])
def test_each_language_may_move_by_itself(how):
    for name in BOTH:
        before, after = moved(name, how, both=False)
        assert after == pytest.approx(before, rel=1e-4)


def test_only_the_gap_sees_that_one_language_is_larger():
    source, target = make_cloud(n=40, d=6)
    assert value("svg", source, 2 * source) == pytest.approx(6 * math.log(2) ** 2, rel=1e-5)
    assert value("econd_hm", source, 2 * target) == pytest.approx(value("econd_hm", source, target), rel=1e-5)


@pytest.mark.parametrize("name", BOTH)
def test_degenerate_words_have_no_spectrum(name):
    source, target = make_cloud(n=12)
    with pytest.raises(UnscorableError, match="at least 3 words, got 2"):
        value(name, source[:2], target[:2])
    with pytest.raises(UnscorableError, match="same vector"):
        value(name, source, target[:1].repeat(12, 1))
    # Copies of three words span two directions beyond their mean, which is all that is compared.
    assert math.isfinite(value(name, source[:3].repeat(4, 1), target))
