import numpy as np
import pytest
import torch
from scipy import stats as sps

from tli_bench.base.errors import UnscorableError
from tli_bench.measures.similarity import (
    auc_per_pair,
    clipscore_per_pair,
    cosine_matrix,
    mismatched_per_pair,
    require_scorable,
    unit_rows,
)

from .conftest import make_cloud


def auc(matched: torch.Tensor, wrong: torch.Tensor, *, tolerance: float = 0.0) -> float:
    return float(auc_per_pair(matched, wrong, tolerance=tolerance).mean())


def exact_cosines(a: torch.Tensor, b: torch.Tensor) -> np.ndarray:
    x, y = (t.double().numpy() for t in (a, b))
    return np.array([[p @ q / np.sqrt((p @ p) * (q @ q)) for q in y] for p in x])


def test_cosine_closed_form() -> None:
    values = cosine_matrix(torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[3.0, 4.0], [-5.0, 0.0]])).values
    np.testing.assert_allclose(values.numpy(), [[0.6, -1.0], [0.8, 0.0]], atol=1e-7)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_cosine_agrees_with_a_float64_loop_at_any_scale(scale: float) -> None:
    a, b = make_cloud(n=300, d=40)
    np.testing.assert_allclose(cosine_matrix(a * scale, b * scale).values.numpy(), exact_cosines(a, b), atol=2e-7)


def test_cosine_keeps_what_a_sink_would_round_away() -> None:
    a, b = make_cloud(n=60, d=64)
    a[:, 0], b[:, 0] = 30_000.0, 30_000.0
    exact = exact_cosines(a, b)
    got = cosine_matrix(a, b)
    error = np.abs(got.values.numpy() - exact).max()
    plain = np.abs((unit_rows(a) @ unit_rows(b).T).double().numpy() - exact).max()
    assert exact.min() > 0.9999
    assert error < 1e-13
    assert plain > 1000 * error, "negative control: the float32 product does lose it"
    assert got.tolerance < exact.std() / 100


def test_unit_rows_have_length_one() -> None:
    a, _ = make_cloud()
    scaled = unit_rows(a * torch.logspace(-25, 25, len(a))[:, None])
    torch.testing.assert_close(scaled.norm(dim=1), torch.ones(len(a)))
    torch.testing.assert_close(scaled, unit_rows(a))


def test_mismatched_mean_is_over_wrong_entries_of_row_and_column() -> None:
    similarity = torch.tensor([[9.0, 0.1, 0.2], [0.3, 9.0, 0.4], [0.5, 0.6, 9.0]], dtype=torch.float64)
    gold = torch.eye(3, dtype=torch.bool)
    gold[0, 1] = True  # target 1 is an accepted translation of source 0 too
    expected = [(0.2 + 0.3 + 0.5) / 3, (0.3 + 0.4 + 0.6) / 3, (0.5 + 0.6 + 0.2 + 0.4) / 4]
    np.testing.assert_allclose(mismatched_per_pair(similarity, gold).numpy(), expected)


def test_mismatched_needs_a_wrong_candidate() -> None:
    with pytest.raises(UnscorableError, match=r"pair 0 has no mismatched candidate"):
        mismatched_per_pair(torch.eye(3), torch.ones(3, 3, dtype=torch.bool))


@pytest.mark.parametrize("seed", range(5))
def test_auc_agrees_with_mann_whitney(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    # Whole numbers, so that ties within and across the groups are many.
    matched = torch.randint(0, 9, (40,), generator=generator).double()
    wrong = torch.randint(-2, 7, (90,), generator=generator).double()
    u = sps.mannwhitneyu(matched.numpy(), wrong.numpy()).statistic
    assert auc(matched, wrong) == pytest.approx(u / (40 * 90), abs=1e-12)


def test_auc_closed_forms() -> None:
    high, low = torch.tensor([2.0, 3.0]), torch.tensor([0.0, 1.0])
    assert (auc(high, low), auc(low, high), auc(high, high.clone())) == (1.0, 0.0, 0.5)
    assert auc(torch.tensor([1.0 + 1e-9]), torch.tensor([1.0]), tolerance=1e-6) == 0.5
    with pytest.raises(UnscorableError, match="at least one matched and one mismatched"):
        auc(high, torch.empty(0))


def test_clipscore_closed_form() -> None:
    assert clipscore_per_pair(torch.tensor([0.4, -0.8], dtype=torch.float64)).mean() == pytest.approx(2.5 * 0.4 / 2)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([float("nan"), 1.0], "words holds NaN or infinity in 1 of 2 rows, first in row 1"),
        ([float("inf"), 1.0], "NaN or infinity in 1 of 2 rows, first in row 1"),
        ([0.0, 0.0], "words holds 1 zero vectors of 2, first in row 1"),
    ],
)
def test_bad_rows_are_named(row: list[float], message: str) -> None:
    with pytest.raises(UnscorableError, match=message):
        require_scorable(torch.tensor([[1.0, 2.0], row]), name="words")


def test_extreme_rows_are_not_mistaken_for_bad_ones() -> None:
    require_scorable(torch.tensor([[3e38, 3e38], [1e-40, 0.0]]), name="words")
