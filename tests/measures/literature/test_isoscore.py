"""IsoScore against the paper's steps, taken one by one along principal axes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from tests.measures.conftest import make_cloud
from tests.measures.literature.spaces import moves, value
from tli_bench.base.errors import UnscorableError


def step_by_step(x):
    """Rudman et al. 2022, algorithm 1, with a variance of 0 on the axes that n words do not have."""
    n, d = x.shape
    variance = np.zeros(d)
    kept = min(n, d)
    variance[:kept] = PCA(n_components=kept).fit(x).explained_variance_
    scaled = np.sqrt(d) * variance / np.linalg.norm(variance)
    defect = np.linalg.norm(scaled - np.ones(d)) / np.sqrt(2 * (d - np.sqrt(d)))
    used = (d - defect**2 * (d - np.sqrt(d))) ** 2 / d**2
    return (d * used - 1) / (d - 1)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([(40, 5), (8, 30)]), st.floats(1, 20))
def test_it_agrees_with_the_papers_steps(seed, shape, stretch):
    source, target = make_cloud(seed, n=shape[0], d=shape[1])
    target[:, 0] *= stretch
    assert value("isoscore_source", source, target) == pytest.approx(step_by_step(source.double().numpy()), abs=1e-9)
    assert value("isoscore_target", source, target) == pytest.approx(step_by_step(target.double().numpy()), abs=1e-9)


def test_known_shapes():
    even, line = torch.cat([torch.eye(4), -torch.eye(4)]), torch.arange(8.0)[:, None] * torch.ones(4) + 1
    assert value("isoscore_source", even, line) == pytest.approx(1, abs=1e-12)
    assert value("isoscore_target", even, line) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("how", ["rotation", "scale", "order", "translation"])
def test_a_cloud_may_be_moved(how):
    source, target = make_cloud(n=24, d=9)
    act = moves(24, 9)[how]
    assert value("isoscore_target", source, act(target)) == pytest.approx(
        value("isoscore_target", source, target), abs=1e-6
    )
    assert value("isoscore_source", source, act(target)) == value("isoscore_source", source, target)


def test_degenerate_clouds():
    source, target = make_cloud(n=12)
    for name in ("isoscore_source", "isoscore_target"):
        with pytest.raises(UnscorableError, match="at least 3 words, got 2"):
            value(name, source[:2], target[:2])
        with pytest.raises(UnscorableError, match="needs at least 2 dimensions"):
            value(name, source[:, :1], target[:, :1])
        with pytest.raises(UnscorableError, match="same vector"):
            value(name, source[:1].repeat(12, 1), target[:1].repeat(12, 1))
