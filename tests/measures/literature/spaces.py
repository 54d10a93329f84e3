"""Views of random words, moved in ways that a measure must or must not notice."""

import numpy as np
import torch

from tests.measures.conftest import make_cloud
from tli_bench.measures import LayerView, get_measure


def view(source, target, **more):
    return LayerView(source, target, **more)


def value(name, source, target, **more):
    return get_measure(name).value(view(source, target, **more))


def doubles(*tensors):
    return tuple(x.double().numpy() for x in tensors)


def rotation(d, seed=1):
    return torch.linalg.qr(torch.randn(d, d, generator=torch.Generator().manual_seed(seed))).Q


def order(n, seed=2):
    return torch.randperm(n, generator=torch.Generator().manual_seed(seed))


def moves(n, d):
    """What may be done to both languages at once, by name."""
    turn, mixed = rotation(d), order(n)
    step = torch.randn(d, generator=torch.Generator().manual_seed(3))
    return {
        "rotation": lambda x: x @ turn,
        "scale": lambda x: 7.5 * x,
        "order": lambda x: x[mixed],
        "translation": lambda x: x + step,
    }


def moved(name, how, *, n=24, d=9, noise=0.7, both=True, seed=5):
    """A measure before and after a move of both languages, or of the target alone."""
    source, target = make_cloud(seed, n=n, d=d, noise=noise)
    act = moves(n, d)[how]
    return value(name, source, target), value(name, act(source) if both else source, act(target))


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def prepared(x):
    """Length 1, less the mean, length 1."""
    x = unit(x)
    return unit(x - x.mean(axis=0))
