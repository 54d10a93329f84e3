"""Pseudo-values of measures with a pool are what deleting each concept in turn gives."""

import numpy as np
import pytest
import torch

from tests.measures.conftest import make_cloud
from tests.measures.literature.spaces import view
from tests.measures.literature.test_neuronxa import states
from tli_bench.base.errors import UnscorableError
from tli_bench.measures import get_measure, list_measures

WITH_A_POOL = [measure.name for measure in list_measures() if measure.optional and measure.per_concept]


def pieces(seed=3, n=14):
    """Vectors, held-out vectors and neuron states of n concepts, two of which have another accepted translation."""
    source, target = make_cloud(seed, n=n + 9, d=8, noise=0.9)
    gold = torch.eye(n, dtype=torch.bool)
    gold[1, 4] = gold[6, 2] = True
    return source[:n], target[:n], gold, (source[n:], target[n:]), states(seed, n=n, flips=0.3)


def seen(rows, parts):
    source, target, gold, fit, neurons = parts
    facts = {"fit": fit, "neurons": tuple(x[rows] for x in neurons)}
    return view(source[rows], target[rows], gold=gold[rows][:, rows], facts=facts)


@pytest.mark.parametrize("name", WITH_A_POOL)
def test_they_are_those_of_deleting_every_concept(name):
    measure, parts, n = get_measure(name), pieces(), 14
    everyone = list(range(n))
    value = measure.value(seen(everyone, parts))
    assert 0 < value < 1
    left = np.array([measure.value(seen([i for i in everyone if i != k], parts)) for k in everyone])
    deleted = n * value - (n - 1) * left
    assert left.std() > 0
    found = measure.pseudo_values(seen(everyone, parts))
    assert found == pytest.approx(value + deleted - deleted.mean(), abs=1e-9)


def test_two_words_leave_nothing_to_compare():
    for name in ("dali", "dali_strict"):
        with pytest.raises(UnscorableError, match="needs a second wrong word"):
            get_measure(name).pseudo_values(view(*make_cloud(n=2)))
