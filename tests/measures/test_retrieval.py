import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as sps

from tli_bench.base.errors import UnscorableError
from tli_bench.measures import ranked, retrieval
from tli_bench.measures.similarity import cosine_matrix

from .conftest import make_cloud

seeds = st.integers(0, 10_000)


def similarity_of(seed: int, n: int = 14) -> torch.Tensor:
    return cosine_matrix(*make_cloud(seed, n=n)).values


def random_gold(seed: int, n: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(n, n, generator=generator) < 0.1) | torch.eye(n, dtype=torch.bool)


def loop_ranks(similarity: np.ndarray, gold: np.ndarray) -> list[int]:
    out = []
    for row, accepted in zip(similarity, gold, strict=True):
        best = max(s for s, ok in zip(row, accepted, strict=True) if ok)
        out.append(1 + sum(s >= best and not ok for s, ok in zip(row, accepted, strict=True)))
    return out


def loop_csls(similarity: np.ndarray, k: int) -> np.ndarray:
    n, m = similarity.shape
    out = np.empty((n, m))
    for i in range(n):
        for j in range(m):
            r_source = np.mean(sorted(similarity[i, :], reverse=True)[:k])
            r_target = np.mean(sorted(similarity[:, j], reverse=True)[:k])
            out[i, j] = 2 * similarity[i, j] - r_source - r_target
    return out


def loop_mexa(similarity: np.ndarray, gold: np.ndarray) -> float:
    n, hits = len(similarity), 0
    for i in range(n):
        rivals = [similarity[i, j] for j in range(n) if not gold[i, j]] + [
            similarity[j, i] for j in range(n) if not gold[j, i]
        ]
        hits += all(similarity[i, i] > rival for rival in rivals)
    return hits / n


@given(seeds)
def test_ranks_agree_with_a_loop(seed: int) -> None:
    similarity, gold = similarity_of(seed), random_gold(seed, 14)
    assert retrieval.ranks(similarity, gold).tolist() == loop_ranks(similarity.numpy(), gold.numpy())


def test_an_accepted_variant_counts_as_a_hit() -> None:
    similarity = torch.tensor([[0.5, 0.9], [0.1, 0.8]], dtype=torch.float64)
    gold = torch.eye(2, dtype=torch.bool)
    assert retrieval.ranks(similarity, gold).tolist() == [2, 1]
    gold[0, 1] = True
    assert retrieval.ranks(similarity, gold).tolist() == [1, 1]


def test_a_tie_is_not_a_hit() -> None:
    similarity = torch.full((4, 4), 0.7, dtype=torch.float64)
    assert retrieval.ranks(similarity, torch.eye(4, dtype=torch.bool)).tolist() == [4, 4, 4, 4]
    noisy = similarity + 1e-9 * torch.eye(4, dtype=torch.float64)
    assert retrieval.ranks(noisy, torch.eye(4, dtype=torch.bool), tolerance=1e-6).tolist() == [4, 4, 4, 4]


def test_precision_and_mrr_closed_form() -> None:
    ranks = torch.tensor([1, 2, 4, 1, 3, 6])
    assert ranked.hits(ranks, 1).mean() == pytest.approx(2 / 6)
    assert ranked.hits(ranks, 5).mean() == pytest.approx(5 / 6)
    assert ranked.reciprocal(ranks).mean() == pytest.approx((1 + 1 / 2 + 1 / 4 + 1 + 1 / 3 + 1 / 6) / 6)


def test_precision_over_a_pool_no_larger_than_k_is_refused() -> None:
    with pytest.raises(UnscorableError, match="P@5 over a pool of 5 is always 1"):
        ranked.hits(torch.ones(5, dtype=torch.long), 5)


@given(seeds, st.integers(1, 20))
def test_csls_agrees_with_a_loop(seed: int, k: int) -> None:
    similarity = similarity_of(seed)
    expected = loop_csls(similarity.numpy(), k)
    np.testing.assert_allclose(retrieval.csls(similarity, neighbours=k).numpy(), expected, atol=1e-6)


def test_csls_demotes_a_hub() -> None:
    # Target 2 is near everything; by cosine it takes source 0, by CSLS source 0 finds its own target.
    similarity = torch.tensor([[0.7, 0.1, 0.75], [0.1, 0.8, 0.75], [0.2, 0.2, 0.9]], dtype=torch.float64)
    gold = torch.eye(3, dtype=torch.bool)
    assert retrieval.ranks(similarity, gold).tolist() == [2, 1, 1]
    assert retrieval.ranks(retrieval.csls(similarity, neighbours=2), gold).tolist() == [1, 1, 1]


@given(seeds)
def test_mexa_agrees_with_a_loop(seed: int) -> None:
    similarity, gold = similarity_of(seed), random_gold(seed, 14)
    assert retrieval.mexa(similarity, gold) == pytest.approx(loop_mexa(similarity.numpy(), gold.numpy()), abs=1e-6)


def test_mexa_is_strict() -> None:
    eye = torch.eye(3, dtype=torch.bool)
    assert retrieval.mexa(torch.eye(3, dtype=torch.float64), eye) == 1.0
    assert retrieval.mexa(torch.ones(3, 3, dtype=torch.float64), eye) == 0.0


@given(seeds)
def test_hub_counts_and_skew_agree_with_numpy_and_scipy(seed: int) -> None:
    similarity = similarity_of(seed, n=20)
    counts = np.zeros(20)
    for row in similarity.numpy():
        counts[np.argsort(-row)[:3]] += 1
    assert retrieval.hub_counts(similarity, neighbours=3).tolist() == counts.tolist()
    if len(set(counts.tolist())) > 1:
        assert retrieval.hub_skew(similarity, neighbours=3) == pytest.approx(sps.skew(counts))


def test_a_planted_hub_raises_the_skew() -> None:
    similarity = similarity_of(3, n=40)
    plain = retrieval.hub_skew(similarity, neighbours=3)
    similarity[:, 7] = 2.0
    assert retrieval.hub_skew(similarity, neighbours=3) > plain + 1


def test_hub_skew_of_identical_words_is_undefined() -> None:
    with pytest.raises(UnscorableError, match="all 6 words are neighbours equally often"):
        retrieval.hub_skew(torch.ones(6, 6, dtype=torch.float64))


@pytest.mark.parametrize("n", [2, 3, 10, 11, 40])
def test_what_is_nearest_serves_csls_and_both_hub_counts(n):
    similarity = torch.randn(n, n, generator=torch.Generator().manual_seed(n), dtype=torch.float64)
    similarity[0] = similarity[1]  # ties
    rows, columns = retrieval.nearest_of(similarity, 10)
    assert torch.equal(retrieval.csls(similarity, nearest=(rows, columns)), retrieval.csls(similarity))
    assert torch.equal(retrieval.hub_counts(similarity, nearest=rows), retrieval.hub_counts(similarity))
    assert torch.equal(retrieval.hub_counts(similarity.T, nearest=columns.T), retrieval.hub_counts(similarity.T))
    assert torch.equal(columns.T, similarity.T.topk(min(10, n), dim=1).values)
