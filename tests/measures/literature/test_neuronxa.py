"""NeuronXA against loops over cosines of neuron states."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.pairwise import cosine_similarity

from tests.measures.conftest import make_cloud
from tests.measures.literature.spaces import order, view
from tli_bench.base.errors import UnscorableError
from tli_bench.measures import get_measure

NEURONXA = get_measure("neuronxa")


def states(seed=0, n=12, m=40, flips=0.15):
    """Which of m neurons each of n words excites in two languages: averages of two tokens, a share of them flipped."""
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.rand(n, 2, m, generator=generator) > 0.5
    other = tokens ^ (torch.rand(n, 2, m, generator=generator) < flips)
    weights = torch.tensor([1 / 3, 2 / 3])[:, None]
    return tuple((x * weights).sum(dim=1).half() for x in (tokens, other))


def column(neurons, **more):
    return NEURONXA.column(view(*make_cloud(n=len(neurons[0])), facts={"neurons": neurons}, **more))


def by_hand(source, target, gold):
    similarity = cosine_similarity(source.double().numpy(), target.double().numpy())
    found = []
    for i, row in enumerate(similarity):
        rivals = [row[j] for j in range(len(row)) if not gold[i, j]] + [
            similarity[j, i] for j in range(len(row)) if not gold[j, i]
        ]
        found.append(float(row[i] > max(rivals)))
    return found


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.05, 0.4))
def test_it_agrees_with_loops(seed, flips):
    neurons = states(seed, flips=flips)
    gold = torch.eye(12, dtype=torch.bool)
    gold[1, 6] = gold[8, 2] = True
    assert column(neurons, gold=gold).tolist() == by_hand(*neurons, gold)


def test_the_order_of_words_and_of_neurons_changes_nothing():
    source, target = states(3, flips=0.3)
    before = column((source, target))
    assert 0 < before.mean() < 1
    words, neurons = order(12), order(40)
    assert column((source[words], target[words])).tolist() == before[words].tolist()
    assert column((source[:, neurons], target[:, neurons])).tolist() == before.tolist()


def test_it_reads_neurons_and_not_vectors():
    source, _ = states(flips=0)
    assert column((source, source)).mean() == 1
    assert column((source, source.roll(1, 0))).mean() == 0
    assert column((source[:1].repeat(12, 1),) * 2).mean() == 0


def test_degenerate_states():
    source, target = states()
    with pytest.raises(UnscorableError, match="needs the states of feed-forward neurons"):
        NEURONXA.value(view(*make_cloud(n=12)))
    with pytest.raises(UnscorableError, match="neuron states of the target holds 1 zero vectors of 12, first in row 4"):
        column((source, torch.where(torch.arange(12)[:, None] == 4, 0, target)))
    assert np.isin(column((source[:2], target[:2])), (0, 1)).all()
