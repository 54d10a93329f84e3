"""Losses against direct formulas written as loops, and what they must not depend on."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tli_bench.base.errors import UnscorableError
from tli_bench.training.losses import (
    LOSSES,
    LossOptions,
    barlow,
    cka,
    cosine,
    csls,
    infonce,
    negatives_of,
    triplet,
    vicreg,
)


def _batch(n=5, dim=7, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(n, dim, generator=generator, dtype=torch.float64) for _ in range(2))


def _cos(a, b):
    return float(a @ b / (a.norm() * b.norm()))


def _all_negatives(n):
    return ~torch.eye(n, dtype=torch.bool)


def test_triplet_is_the_mean_hinge_over_the_hardest_negative():
    a, p = _batch()
    expected = 0.0
    for i in range(5):
        hardest = min(1 - _cos(a[i], p[j]) for j in range(5) if j != i)
        expected += max(0.0, 0.4 + (1 - _cos(a[i], p[i])) - hardest) / 5
    assert float(triplet(a, p, _all_negatives(5), margin=0.4)) == pytest.approx(expected, rel=1e-12)


def test_infonce_is_the_mean_cross_entropy_of_both_directions():
    a, p = _batch()
    t, expected = 0.07, 0.0
    for i in range(5):
        row = [math.exp(_cos(a[i], p[j]) / t) for j in range(5)]
        column = [math.exp(_cos(a[j], p[i]) / t) for j in range(5)]
        expected -= (math.log(row[i] / sum(row)) + math.log(column[i] / sum(column))) / 10
    assert float(infonce(a, p, _all_negatives(5), temperature=t)) == pytest.approx(expected, rel=1e-12)


def test_infonce_of_equal_vectors_is_log_of_the_batch():
    x = torch.ones(6, 3)
    assert float(infonce(x, x, _all_negatives(6), temperature=0.05)) == pytest.approx(math.log(6), rel=1e-6)


def test_cosine_is_one_minus_the_mean_matched_cosine():
    a, p = _batch()
    assert float(cosine(a, p)) == pytest.approx(1 - sum(_cos(a[i], p[i]) for i in range(5)) / 5, rel=1e-12)


def test_csls_uses_the_k_nearest_of_both_sides():
    a, p = _batch()
    expected = 0.0
    for i in range(5):
        forward = sorted((_cos(a[i], p[j]) for j in range(5)), reverse=True)[:2]
        backward = sorted((_cos(a[j], p[i]) for j in range(5)), reverse=True)[:2]
        expected += (-2 * _cos(a[i], p[i]) + sum(forward) / 2 + sum(backward) / 2) / 5
    assert float(csls(a, p, _all_negatives(5), neighbours=2)) == pytest.approx(expected, rel=1e-12)


def test_barlow_sums_the_cross_correlation_matrix():
    a, p = _batch(n=9, dim=4)
    za, zp = ((x - x.mean(0)) / (x.std(0, unbiased=False) + 1e-5) for x in (a, p))
    expected = 0.0
    for d in range(4):
        for e in range(4):
            c = float((za[:, d] * zp[:, e]).mean())
            expected += ((c - 1) ** 2 if d == e else 5e-3 * c**2) / 4
    assert float(barlow(a, p)) == pytest.approx(expected, rel=1e-10)


def test_vicreg_has_its_three_published_terms():
    a, p = _batch(n=6, dim=3)
    scale = float(a.std(dim=0).mean()) + 1e-5
    x, y = a / scale, p / scale
    expected = 25 * float((x - y).square().mean())
    for side in (x, y):
        expected += 25 * sum(max(0.0, 1 - math.sqrt(float(side[:, d].var()) + 1e-4)) for d in range(3)) / 3 / 2
        covariance = torch.cov(side.T)
        expected += sum(float(covariance[d, e]) ** 2 for d in range(3) for e in range(3) if d != e) / 3
    assert float(vicreg(a, p)) == pytest.approx(expected, rel=1e-10)


def test_cka_is_one_minus_the_share_that_the_centred_gram_matrices_have_in_common():
    a, p = _batch(n=6, dim=4)
    centring = torch.eye(6, dtype=a.dtype) - 1 / 6
    k, l = (centring @ x @ x.T @ centring for x in (a, p))  # noqa: E741
    expected = 1 - float((k * l).sum() / ((k * k).sum() * (l * l).sum()).sqrt())
    assert float(cka(a, p)) == pytest.approx(expected, rel=1e-10)
    turned = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(0), dtype=a.dtype)).Q
    assert float(cka(a, 3 * a @ turned + 1)) == pytest.approx(0.0, abs=1e-12)


def test_cka_of_equal_vectors_is_refused():
    a, p = _batch(n=4)
    with pytest.raises(UnscorableError, match="at least 2 different ones"):
        cka(a, p[:1].expand(4, -1))


@pytest.mark.parametrize("name", ["triplet", "infonce", "csls"])
def test_a_masked_pair_is_no_negative(name):
    a, p = _batch(n=4)
    p[1] = a[0]  # An accepted translation of anchor 0, and its nearest by far.
    gold = torch.eye(4, dtype=torch.bool)
    gold[0, 1] = True
    options = LossOptions(neighbours=1)
    masked = LOSSES[name].call(a, p, negatives_of(gold), options)
    assert float(masked) < float(LOSSES[name].call(a, p, _all_negatives(4), options)) - 1e-3


def test_an_anchor_whose_every_candidate_is_masked_leaves_the_triplet_finite():
    a, p = _batch(n=3)
    gold = torch.eye(3, dtype=torch.bool)
    gold[0] = True
    expected = triplet(a, p, negatives_of(gold), margin=0.4)
    by_hand = [0.4 - _cos(a[i], p[i]) + max(_cos(a[i], p[j]) for j in range(3) if j != i) for i in (1, 2)]
    assert float(expected) == pytest.approx(sum(max(0.0, x) for x in by_hand) / 2, rel=1e-12)


@pytest.mark.parametrize("name", ["triplet", "infonce", "csls"])
def test_a_batch_of_one_has_no_negatives(name):
    a, p = _batch(n=1)
    with pytest.raises(UnscorableError, match="larger batch"):
        LOSSES[name].call(a, p, _all_negatives(1), LossOptions())


@pytest.mark.parametrize("name", ["barlow", "cka", "vicreg"])
def test_batch_statistics_need_two_pairs(name):
    a, p = _batch(n=1)
    with pytest.raises(UnscorableError, match="at least 2 "):
        LOSSES[name].call(a, p, _all_negatives(1), LossOptions())


@pytest.mark.parametrize("name", sorted(LOSSES))
@given(seed=st.integers(0, 10_000), n=st.integers(2, 8))
def test_order_of_the_pairs_does_not_matter(name, seed, n):
    a, p = _batch(n=n, seed=seed)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    loss = LOSSES[name]
    first = loss.call(a, p, _all_negatives(n), LossOptions())
    second = loss.call(a[order], p[order], _all_negatives(n), LossOptions())
    assert float(first) == pytest.approx(float(second), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", ["triplet", "infonce", "csls", "cosine"])
@given(seed=st.integers(0, 10_000), scale=st.floats(0.01, 100))
def test_cosine_losses_ignore_the_length_of_vectors(name, seed, scale):
    a, p = _batch(seed=seed)
    loss = LOSSES[name]
    first = loss.call(a, p, _all_negatives(5), LossOptions())
    second = loss.call(a * scale, p, _all_negatives(5), LossOptions())
    assert float(first) == pytest.approx(float(second), rel=1e-9, abs=1e-12)


@given(seed=st.integers(0, 10_000))
def test_infonce_treats_both_languages_alike(seed):
    a, p = _batch(seed=seed)
    forward = infonce(a, p, _all_negatives(5), temperature=0.1)
    assert float(forward) == pytest.approx(float(infonce(p, a, _all_negatives(5), temperature=0.1)), rel=1e-9)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_descent_step_lowers_the_loss(name):
    a, p = (x.requires_grad_() for x in _batch(n=6))
    loss = LOSSES[name]
    before = loss.call(a, p, _all_negatives(6), LossOptions())
    gradients = torch.autograd.grad(before, (a, p))
    assert all(g.isfinite().all() for g in gradients)
    a2, p2 = (x.detach() - 1e-4 * g for x, g in zip((a, p), gradients, strict=True))
    assert float(loss.call(a2, p2, _all_negatives(6), LossOptions())) < float(before.detach())
