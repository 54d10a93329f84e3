"""Pseudo-values against the definition: every concept is really taken out of the pool, and the number computed again."""

from math import comb

import numpy as np
import pytest
import torch

from tli_bench.base.errors import UnscorableError
from tli_bench.measures import pool, retrieval
from tli_bench.measures.similarity import mismatched_per_pair

TIE = 1e-7


def words(n, *, variants=0, seed=0):
    """Cosines and gold of `n` noisy translations, some with several accepted ones."""
    rng = np.random.default_rng(seed)
    source = rng.normal(size=(n, 12))
    target = source + 1.3 * rng.normal(size=(n, 12))
    source, target = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (source, target))
    gold = np.eye(n, dtype=bool)
    for i, j in rng.integers(0, n, (variants, 2)):
        gold[i, j] = True
    return source @ target.T, gold


def taken_out(similarity, gold, number):
    """Pseudo-values by recomputing `number` without each concept."""
    n, whole = len(similarity), number(similarity, gold)
    left = []
    for gone in range(n):
        rest = [i for i in range(n) if i != gone]
        left.append(number(similarity[np.ix_(rest, rest)], gold[np.ix_(rest, rest)]))
    pseudo = n * whole - (n - 1) * np.array(left)
    return whole + pseudo - pseudo.mean()


def among(m):
    """P@1 among `m` by counting draws: of all ways to draw m - 1 wrong words, how many leave out the nearer ones."""

    def number(similarity, gold):
        total = 0.0
        for s, g in ((similarity, gold), (similarity.T, gold.T)):
            for i in range(len(s)):
                wrong = np.flatnonzero(~g[i])
                nearer = sum(s[i, j] >= s[i][g[i]].max() - TIE for j in wrong)
                k = min(m - 1, len(wrong))
                total += comb(len(wrong) - nearer, k) / comb(len(wrong), k)
        return total / (2 * len(similarity))

    return number


def by_ranks(value):
    def number(similarity, gold):
        s, g = torch.tensor(similarity), torch.tensor(gold)
        ranks = [retrieval.ranks(s, g, tolerance=TIE), retrieval.ranks(s.T, g.T, tolerance=TIE)]
        wrong = [(~g).sum(dim=1), (~g).sum(dim=0)]
        return float(np.mean([value(r.numpy(), w.numpy()).mean() for r, w in zip(ranks, wrong, strict=True)]))

    return number


def csls_hits(similarity, gold):
    s, g = retrieval.csls(torch.tensor(similarity)), torch.tensor(gold)
    sides = (retrieval.ranks(s, g, tolerance=TIE), retrieval.ranks(s.T, g.T, tolerance=TIE))
    return float(np.mean([(side == 1).double().mean() for side in sides]))


RANKED = {
    "P@1 of 50": (pool.found_among(50), among(50)),
    "P@1 of 20": (pool.found_among(20), among(20)),
    "AUC": (pool.farther_share, by_ranks(lambda rank, wrong: 1 - (rank - 1) / wrong)),
    "P@1": (pool.within(1), by_ranks(lambda rank, wrong: 1.0 * (rank == 1))),
    "P@5": (pool.within(5), by_ranks(lambda rank, wrong: 1.0 * (rank <= 5))),
    "MRR": (pool.reciprocal_rank, by_ranks(lambda rank, wrong: 1 / rank)),
}


@pytest.mark.parametrize("name", RANKED)
@pytest.mark.parametrize(("n", "variants"), [(60, 0), (60, 25), (23, 8)])
def test_ranked_pseudo_values_are_those_of_pools_without_each_concept(name, n, variants):
    score, number = RANKED[name]
    similarity, gold = words(n, variants=variants)
    sides = pool.both_sides(similarity, gold, tolerance=TIE)
    assert pool.own_values(sides, score).mean() == pytest.approx(number(similarity, gold), abs=1e-12)
    assert pool.pool_pseudo(sides, score) == pytest.approx(taken_out(similarity, gold, number), abs=1e-9)


OTHERS = {
    "gap": (pool.gap_pseudo, lambda s, g: (np.diag(s) - mismatched_per_pair(torch.tensor(s), torch.tensor(g)).numpy()).mean()),
    "mismatched": (pool.mismatched_pseudo, lambda s, g: mismatched_per_pair(torch.tensor(s), torch.tensor(g)).numpy().mean()),
    "MEXA": (
        lambda s, g: pool.mexa_pseudo(s, g, tolerance=TIE),
        lambda s, g: retrieval.mexa(torch.tensor(s), torch.tensor(g), tolerance=TIE),
    ),
    "CSLS": (lambda s, g: pool.csls_pseudo(s, g, neighbours=10, tolerance=TIE), csls_hits),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize(("n", "variants"), [(45, 0), (45, 20), (12, 3), (10, 0), (9, 0)])
def test_other_pseudo_values_are_those_of_pools_without_each_concept(name, n, variants):
    pseudo, number = OTHERS[name]
    similarity, gold = words(n, variants=variants)
    assert pseudo(similarity, gold) == pytest.approx(taken_out(similarity, gold, number), abs=1e-9)


def test_a_part_of_the_pool_keeps_its_mean_and_leaves_the_others_as_wrong_words():
    similarity, gold = words(60, variants=10)
    sides, rows = pool.both_sides(similarity, gold, tolerance=TIE), np.arange(0, 60, 3)
    own = pool.own_values(sides, pool.found_among(50))
    assert pool.pool_pseudo(sides, pool.found_among(50), rows=rows).mean() == pytest.approx(own[rows].mean(), abs=1e-12)


def test_identical_words_find_nothing():
    sides = pool.both_sides(np.ones((60, 60)), np.eye(60, dtype=bool), tolerance=TIE)
    assert pool.own_values(sides, pool.found_among(50)).tolist() == [0.0] * 60


def test_chance_is_exactly_one_in_m():
    """Over all ranks a translation can have, P@1 among m is 1 / m on average."""
    wrong = np.full(101, 100)
    for m in (50, 20):
        assert pool.found_among(m)(np.arange(101), wrong).mean() == pytest.approx(1 / m, abs=1e-12)


def test_one_word_has_no_pseudo_value():
    with pytest.raises(UnscorableError, match="at least 2 words"):
        pool.pseudo_of(np.ones(1), np.ones((1, 1)))


@pytest.mark.parametrize("score", [pool.found_among(5), pool.farther_share, pool.within(3), pool.reciprocal_rank])
@pytest.mark.parametrize("rows", [None, np.arange(0, 40, 3)], ids=["all", "part"])
def test_pseudo_values_are_those_of_leaving_each_concept_out(score, rows):
    generator = np.random.default_rng(1)
    similarity = generator.normal(size=(40, 40)).round(1)  # many ties
    gold = np.eye(40, dtype=bool) | (generator.random((40, 40)) < 0.02)
    sides = pool.both_sides(similarity, gold, tolerance=0.05)
    own = pool.own_values(sides, score)
    without = np.full((40, 40), np.nan)
    for gone in range(40):
        left = np.delete(np.arange(40), gone)
        fewer = pool.both_sides(similarity[np.ix_(left, left)], gold[np.ix_(left, left)], tolerance=0.05)
        without[left, gone] = pool.own_values(fewer, score)
    np.fill_diagonal(without, 0.0)
    np.testing.assert_allclose(
        pool.pool_pseudo(sides, score, rows=rows), pool.pseudo_of(own, without, rows=rows), rtol=0, atol=1e-10
    )
