"""EVS and the Gromov-Hausdorff bound against scikit-learn, networkx, and a matching found by brute force."""

from itertools import permutations

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from tests.measures.conftest import make_cloud
from tests.measures.literature.spaces import doubles, moved, order, prepared, rotation, value
from tli_bench.base.errors import UnscorableError

BOTH = ("evs", "gromov_hausdorff")


def spectrum(x):
    """Laplacian eigenvalues of the graph of nearest neighbours, the largest first."""
    graph = nx.Graph()
    graph.add_nodes_from(range(len(x)))
    graph.add_edges_from(NearestNeighbors(n_neighbors=2).fit(x).kneighbors(x, return_distance=False).tolist())
    return sorted(nx.laplacian_spectrum(graph), reverse=True)


def evs_by_hand(source, target):
    one, other = spectrum(prepared(source)), spectrum(prepared(target))
    counts = [next(k for k in range(1, len(s) + 1) if sum(s[:k]) >= 0.9 * sum(s) - 1e-9) for s in (one, other)]
    return sum((a - b) ** 2 for a, b in list(zip(one, other, strict=True))[: min(counts)])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_evs_agrees_with_a_graph_library(seed):
    source, target = make_cloud(seed, n=25, d=6, noise=0.8)
    assert value("evs", source, target) == pytest.approx(evs_by_hand(*doubles(source, target)), abs=1e-9)


def deaths(x):
    """Edges of the minimum spanning tree by Prim's algorithm: where components of the Rips complex join."""
    x = prepared(x)
    distance = np.sqrt(np.maximum(2 - 2 * x @ x.T, 0))
    inside, edges = {0}, []
    while len(inside) < len(x):
        i, j = min(((i, j) for i in inside for j in range(len(x)) if j not in inside), key=lambda edge: distance[edge])
        inside.add(j)
        edges.append(distance[i, j])
    return edges


def bottleneck(one, other):
    """The smallest largest cost over all matchings in which every point may go to the diagonal instead."""
    n = len(one)
    return min(
        max(min(abs(a - other[j]), max(a, other[j]) / 2) for a, j in zip(one, chosen, strict=True))
        for chosen in permutations(range(n))
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.2, 5))
def test_gromov_hausdorff_agrees_with_every_matching_tried(seed, noise):
    source, target = make_cloud(seed, n=7, d=3, noise=noise)
    expected = bottleneck(*(deaths(x) for x in doubles(source, target)))
    assert value("gromov_hausdorff", source, target) == pytest.approx(expected, abs=1e-6)


def test_gromov_hausdorff_lets_short_branches_go():
    """Ten tight pairs against ten far ones: matching in order costs more than sending the short deaths to the diagonal."""
    source = torch.eye(10).repeat_interleave(2, dim=0) + 1e-3 * torch.randn(
        20, 10, generator=torch.Generator().manual_seed(0)
    )
    target = torch.eye(20)[:, :20]
    source = torch.cat([source, torch.zeros(20, 10)], dim=1)
    found = value("gromov_hausdorff", source, target)
    one, other = (sorted(deaths(x)) for x in (source.double().numpy(), np.eye(20)))
    in_order = max(abs(a - b) for a, b in zip(one, other, strict=True))
    assert found == pytest.approx(max(other) / 2, abs=1e-6)
    assert found < in_order


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("how", ["rotation", "scale", "order"])
@pytest.mark.parametrize("both", [True, False])
def test_they_see_only_the_shape_of_each_language(name, how, both):
    before, after = moved(name, how, both=both)
    assert before > 0.01
    assert after == pytest.approx(before, abs=1e-5)


@pytest.mark.parametrize("name", BOTH)
def test_a_turned_copy_has_the_same_shape(name):
    source, _ = make_cloud(n=30, d=9)
    assert value(name, source, 3 * source @ rotation(9)) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("name", BOTH)
def test_they_know_nothing_of_the_pairing(name):
    source, target = make_cloud(n=30, d=9, noise=0.5)
    assert value(name, source, target.flip(0)) == pytest.approx(value(name, source, target), abs=1e-6)


def test_words_equally_near_are_all_joined_so_that_their_order_does_not_matter():
    """All words of the source are each other's nearest: a complete graph, whose spectrum is 8, seven times, and 0."""
    source, target = torch.eye(8), make_cloud(n=8, d=8)[1]
    found = spectrum(prepared(target.double().numpy()))
    k = next(k for k in range(1, 9) if sum(found[:k]) >= 0.9 * sum(found))
    assert value("evs", source, target) == pytest.approx(sum((8 - v) ** 2 for v in found[: min(k, 7)]), abs=1e-9)
    assert value("evs", source[order(8)], target) == pytest.approx(value("evs", source, target), abs=1e-9)


@pytest.mark.parametrize("name", BOTH)
def test_degenerate_words_have_no_shape(name):
    source, target = make_cloud(n=12)
    with pytest.raises(UnscorableError, match="at least 3 words, got 2"):
        value(name, source[:2], target[:2])
    with pytest.raises(UnscorableError, match="same vector"):
        value(name, source[:1] * torch.arange(1, 13)[:, None], target)
