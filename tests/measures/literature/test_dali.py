"""DALI against loops over every instance."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.pairwise import cosine_similarity

from tests.measures.conftest import make_cloud
from tests.measures.literature.spaces import doubles, moved, value, view
from tli_bench.base.errors import UnscorableError
from tli_bench.measures import get_measure


def by_hand(source, target, gold=None, *, strict):
    """For each concept, the share of two-option instances that are aligned; None without an option."""
    across, sources, targets = cosine_similarity(source, target), cosine_similarity(source), cosine_similarity(target)
    found = []
    for i in range(len(source)):
        options = [j for j in range(len(source)) if j != i and not (gold is not None and (gold[i, j] or gold[j, i]))]
        hits = 0
        for j in options:
            aligned = across[i, i] > across[i, j] and across[j, j] > across[j, i]
            nearest = min(across[i, i], across[j, j]) > max(sources[i, j], targets[i, j])
            hits += aligned and (nearest or not strict)
        found.append(hits / len(options) if options else None)
    return found


@pytest.mark.parametrize("strict", [False, True])
@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.2, 3))
def test_it_agrees_with_every_instance(strict, seed, noise):
    source, target = make_cloud(seed, n=14, d=5, noise=noise)
    gold = torch.eye(14, dtype=torch.bool)
    gold[2, 7] = gold[9, 1] = True
    column = get_measure("dali_strict" if strict else "dali").column(view(source, target, gold=gold))
    assert column == pytest.approx(by_hand(*doubles(source, target), gold, strict=strict), abs=1e-12)


@pytest.mark.parametrize("name", ["dali", "dali_strict"])
@pytest.mark.parametrize("how", ["rotation", "scale", "order"])
def test_rotation_scale_and_order_change_nothing(name, how):
    before, after = moved(name, how, d=4)
    assert 0 < before < 1
    assert after == pytest.approx(before, abs=1e-12)


def test_chance_is_a_quarter_and_alignment_is_one():
    source, other = (torch.randn(300, 64, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    # Four independent cosines: each of two exceeds its own rival in half of the cases. Instances share words.
    assert value("dali", source, other) == pytest.approx(0.25, abs=0.05)
    assert value("dali", source, source.clone()) == 1
    assert value("dali_strict", source, source + 0.1 * other) == 1


def test_the_strict_form_sees_languages_apart():
    """A common vector in one language alone: translations stay nearest across, but words of a language are nearer still."""
    source, noise = (torch.randn(50, 64, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    target = source + 0.1 * noise + 3 * torch.ones(64)
    assert value("dali", source, target) > 0.95
    assert value("dali_strict", source, target) == 0


def test_collapsed_words_are_never_aligned_and_two_are_one_instance():
    source, _ = make_cloud(n=10)
    for name in ("dali", "dali_strict"):
        assert value(name, source[:1].repeat(10, 1), source[:1].repeat(10, 1)) == 0
        assert value(name, source[:2], source[:2].clone()) == 1


def test_a_concept_without_a_wrong_word_has_no_value():
    source, target = make_cloud(n=3)
    gold = torch.eye(3, dtype=torch.bool)
    gold[0] = True
    column = get_measure("dali").column(view(source, target, gold=gold))
    assert np.isnan(column).tolist() == [True, False, False]
    with pytest.raises(UnscorableError, match="none of 3 concepts has a value"):
        value("dali", source, target, gold=torch.ones(3, 3, dtype=torch.bool))
