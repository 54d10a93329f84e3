from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tli_bench.base.errors import UnscorableError
from tli_bench.measures.geometry import centre, cka_permutation_p, debiased_cka, sink_ratio

from .conftest import make_cloud

seeds = st.integers(0, 10_000)


def loop_hsic(k: np.ndarray, l: np.ndarray) -> float:  # noqa: E741
    """HSIC_1 as the U-statistic over all ordered quadruples of distinct words (Song et al. 2012, equation 4)."""
    tuples = list(permutations(range(len(k)), 4))
    return sum(k[i, j] * (l[i, j] + l[q, r] - 2 * l[i, q]) for i, j, q, r in tuples) / len(tuples)


def loop_cka(source: torch.Tensor, target: torch.Tensor) -> float:
    k, l = ((x @ x.T) for x in (source.double().numpy(), target.double().numpy()))  # noqa: E741
    return float(loop_hsic(k, l) / np.sqrt(loop_hsic(k, k) * loop_hsic(l, l)))


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_cka_agrees_with_the_u_statistic(seed: int) -> None:
    source, target = make_cloud(seed, n=7, d=5)
    assert debiased_cka(source, target) == pytest.approx(loop_cka(source, target), abs=1e-6)


@given(seeds, st.floats(0.01, 100))
def test_cka_ignores_rotation_scale_translation_and_order(seed: int, scale: float) -> None:
    source, target = make_cloud(seed)
    generator = torch.Generator().manual_seed(seed)
    rotation = torch.linalg.qr(torch.randn(8, 8, generator=generator)).Q
    order = torch.randperm(12, generator=generator)
    expected = debiased_cka(source, target)
    moved = scale * (source @ rotation) + torch.randn(8, generator=generator)
    assert debiased_cka(moved[order], target[order]) == pytest.approx(expected, abs=1e-4)
    assert debiased_cka(target, source) == pytest.approx(expected, abs=1e-6)


def test_cka_of_a_cloud_with_itself_is_one() -> None:
    source, _ = make_cloud()
    assert debiased_cka(source, 3 * source) == pytest.approx(1.0)


def test_cka_of_unrelated_words_is_near_zero_where_the_biased_form_is_near_one() -> None:
    n, d = 40, 2000
    generator = torch.Generator().manual_seed(1)
    source, target = torch.randn(n, d, generator=generator), torch.randn(n, d, generator=generator)
    x, y = source - source.mean(0), target - target.mean(0)
    biased = (x.T @ y).norm() ** 2 / ((x.T @ x).norm() * (y.T @ y).norm())
    assert biased > 0.9
    assert abs(debiased_cka(source, target)) < 0.1


def test_cka_survives_a_sink() -> None:
    source, target = make_cloud(n=30)
    expected = debiased_cka(source, target)
    common = torch.zeros(8)
    common[0] = 4096.0
    assert debiased_cka(source + common, target + common) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("bad", ["few", "equal"])
def test_cka_refuses_degenerate_input(bad: str) -> None:
    source, target = make_cloud(n=3 if bad == "few" else 6)
    if bad == "equal":
        source = source[:1].expand(6, -1)
    with pytest.raises(
        UnscorableError, match="at least 4 pairs, got 3" if bad == "few" else "vectors of one side are equal"
    ):
        debiased_cka(source, target)


def test_permutation_p_finds_alignment_and_stays_calm_without_it() -> None:
    source, target = make_cloud(n=30, noise=0.3)
    assert cka_permutation_p(source, target, permutations=199) == pytest.approx(1 / 200)
    unrelated = [
        cka_permutation_p(make_cloud(s, n=15)[0], make_cloud(s + 500, n=15)[0], permutations=99, seed=s)
        for s in range(60)
    ]
    # Under the null the p-value is uniform: 60 of them below 0.2 about 12 times, binomial sd 3.1.
    assert 3 <= sum(p <= 0.2 for p in unrelated) <= 22


def test_permutation_p_is_seeded_and_agrees_with_whole_recomputation() -> None:
    source, target = make_cloud(5, n=12, noise=3.0)
    p = cka_permutation_p(source, target, permutations=50, seed=3)
    generator = torch.Generator().manual_seed(3)
    shuffled = [debiased_cka(source, target[torch.randperm(12, generator=generator)]) for _ in range(50)]
    observed = debiased_cka(source, target)
    assert p == (1 + sum(s >= observed - 1e-9 for s in shuffled)) / 51
    assert p == cka_permutation_p(source, target, permutations=50, seed=3)
    with pytest.raises(UnscorableError, match="permutations must be at least 1, got 0"):
        cka_permutation_p(source, target, permutations=0)


def test_centre_is_the_mean() -> None:
    fitted = centre(torch.tensor([[1.0, 2.0], [3.0, 6.0]]), torch.tensor([[0.0, 1.0], [0.0, 2.0]]))
    assert fitted.source_mean.tolist() == [2.0, 4.0]
    assert fitted.target_mean.tolist() == [0.0, 1.5]


def test_centre_refuses_what_has_no_mean() -> None:
    with pytest.raises(UnscorableError, match="fitting source has 1 vectors"):
        centre(torch.ones(1, 2), torch.ones(2, 2))
    with pytest.raises(UnscorableError, match="fitting vectors differ in width: 2 and 3"):
        centre(torch.ones(2, 2), torch.ones(2, 3))
    with pytest.raises(UnscorableError, match="fitting target holds NaN"):
        centre(torch.ones(2, 2), torch.full((2, 2), torch.nan))


def test_sink_ratio_closed_form() -> None:
    others = torch.tensor([1.0, 2.0, 3.0, 100.0])
    assert sink_ratio(500.0, others) == pytest.approx(200.0)
    assert sink_ratio(torch.tensor([400.0, 600.0]), others) == pytest.approx(200.0)


@pytest.mark.parametrize(
    ("first", "others", "message"),
    [
        (1.0, torch.empty(0), "at least one other position"),
        (float("nan"), torch.ones(2), "NaN or infinite"),
        (1.0, torch.zeros(3), "median norm of the other positions is 0"),
    ],
)
def test_sink_ratio_refuses(first: float, others: torch.Tensor, message: str) -> None:
    with pytest.raises(UnscorableError, match=message):
        sink_ratio(first, others)
