"""The linear map against closed forms, and its budget."""

from dataclasses import replace

import pytest
import torch
from scipy.linalg import orthogonal_procrustes

from tli_bench.base.errors import LexiconError, UnscorableError
from tli_bench.measures.roles import COMPANION
from tli_bench.training.baselines import linear_baseline, procrustes
from tli_bench.training.scoring import states_of
from tli_bench.vectors.protocols import Pooling


def _rotation(dim, seed):
    generator = torch.Generator().manual_seed(seed)
    q, _ = torch.linalg.qr(torch.randn(dim, dim, generator=generator, dtype=torch.float64))
    return q


def test_procrustes_finds_a_rotation_exactly():
    source = torch.randn(30, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rotation = _rotation(8, 1)
    torch.testing.assert_close(procrustes(source, source @ rotation), rotation, rtol=1e-10, atol=1e-10)


def test_procrustes_agrees_with_scipy_and_is_orthogonal():
    generator = torch.Generator().manual_seed(2)
    source, target = (torch.randn(20, 6, generator=generator, dtype=torch.float64) for _ in range(2))
    ours = procrustes(source, target)
    expected, _ = orthogonal_procrustes(source.numpy(), target.numpy())
    torch.testing.assert_close(ours, torch.from_numpy(expected), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(ours @ ours.T, torch.eye(6, dtype=torch.float64), rtol=1e-9, atol=1e-9)


def test_procrustes_refuses_states_that_are_no_numbers():
    with pytest.raises(UnscorableError, match="NaN or infinity"):
        procrustes(torch.full((3, 2), float("nan")), torch.ones(3, 2))


def test_baseline_scores_every_layer_and_states_its_budget(loaded, lexicon):
    result = linear_baseline(loaded, lexicon)
    assert list(result.base) == list(result.mapped) == ["0", "1", "2", "3", "4p", "4"]
    # Width 64: 64 * 63 / 2 for the orthogonal map and 128 for the two means.
    assert result.budget == (2016 + 128, 0, 48)
    # Eight control words are too few for P@1 of 50 or of 20.
    for name in result.base:
        assert result.mapped[name].keys() == result.base[name].keys() >= {COMPANION}


def test_a_language_that_is_a_rotation_of_the_other_is_mapped_onto_it(loaded, make_lexicon, monkeypatch):
    """Source states are the target's, rotated and shifted: the map, centred as the words it was fitted on, undoes both."""
    turn = _rotation(64, 3).float()

    def rotated(model, data):
        found, n = states_of(model, data)
        vectors = found.vectors[Pooling.WORD_MEAN].clone()
        vectors[:, :n] = (vectors[:, n:] - 1) @ turn.T
        return replace(found, vectors={**found.vectors, Pooling.WORD_MEAN: vectors}), n

    monkeypatch.setattr("tli_bench.training.baselines.states_of", rotated)
    result = linear_baseline(loaded, make_lexicon(train=200))  # more words than dimensions
    assert all(figures["p1"] == 1 and figures[COMPANION] == 1 for figures in result.mapped.values())
    assert all(figures[COMPANION] < 1 for figures in result.base.values())


def test_baseline_needs_control_pairs(loaded, make_lexicon):
    with pytest.raises(LexiconError, match=r"the control split .* has 0 pairs"):
        linear_baseline(loaded, make_lexicon(control=0))
