"""Figures while and after training: the benchmark's own measures, over the word's own tokens."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

import torch
from torch import Tensor

from tli_bench.base.errors import UnscorableError
from tli_bench.measures import LayerView, compute
from tli_bench.measures.choice import chosen_depth
from tli_bench.measures.geometry import Centre, centre
from tli_bench.models.types import Model
from tli_bench.training.collapse import MATCHED, MISMATCHED
from tli_bench.training.data import PairData
from tli_bench.training.figures import Figures, dev_measures
from tli_bench.training.objective import PairObjective
from tli_bench.vectors.extract import States, extract
from tli_bench.vectors.protocols import Pooling

Curves = dict[str, Figures]
CENTRE_WORDS = 256
"""Train words whose mean is a language's centre where states are scored many times: while training, and in studies."""


class Sides(NamedTuple):
    """Vectors of one split at every layer: `[layers, n, dim]` of each language."""

    layers: tuple[str, ...]
    source: Tensor
    target: Tensor


class DevWords(NamedTuple):
    """The dev words of one language pair, and trained words whose mean is each language's centre."""

    words: PairData
    fit: PairData


def dev_scores(objective: PairObjective, dev: Sequence[DevWords]) -> Figures:
    """Score the dev words with the objective's truncated forward, mean over language pairs and the layers of the loss.

    A measure that one of them does not have is left out. Raises UnscorableError where nothing can be scored.
    """
    found = []
    for data, fit in dev:
        sides = [
            objective.embed(words, Pooling.WORD_MEAN)
            for words in (data.sources, data.targets, fit.sources, fit.targets)
        ]
        found += [score(s, t, data.gold, centre(a, b)) for s, t, a, b in zip(*sides, strict=True)]
    return mean_figures(found)


def mean_figures(found: Sequence[Mapping[str, float]]) -> Figures:
    """The mean of each measure that all of them have."""
    shared = [name for name in found[0] if all(name in one for one in found)]
    return {name: fmean(one[name] for one in found) for name in shared}


def states_of(model: Model, data: PairData) -> tuple[States, int]:
    """States of a split at every layer, sources first then targets, and the number of pairs."""
    return extract(model, [*data.sources, *data.targets]), len(data)


def sides_of(model: Model, data: PairData) -> Sides:
    """Vectors of a split at every layer, mean over the word's own tokens."""
    states, n = states_of(model, data)
    vectors = states.vectors[Pooling.WORD_MEAN]
    return Sides(states.layers, vectors[:, :n], vectors[:, n:])


def layer_curves(model: Model, data: PairData, *fit: PairData) -> Curves:
    """The figures of one split at every layer, by layer name. fit: other splits, whose mean is each language's centre.

    Raises UnscorableError where nothing can be scored.
    """
    return curves_of(sides_of(model, data), data.gold, [sides_of(model, other) for other in fit])


def curves_of(words: Sides, gold: Tensor, fit: Sequence[Sides]) -> Curves:
    """As `layer_curves`, of vectors that are there already. gold: bool `[n, n]`."""
    source, target = (torch.cat([getattr(other, side) for other in fit], dim=1) for side in ("source", "target"))
    return {
        name: score(words.source[k], words.target[k], gold, centre(source[k], target[k]))
        for k, name in enumerate(words.layers)
    }


def best_layer(curves: Mapping[str, Mapping[str, float]]) -> str:
    """The layer above the embeddings that the dev split chooses; curves are of it."""
    names = [name for name in curves if name != "0"]
    return names[chosen_depth(lambda measure: [curves[name].get(measure) for name in names]) or 0]


def score(source: Tensor, target: Tensor, gold: Tensor, around: Centre) -> Figures:
    """The figures of `[n, dim]` vectors at one layer, with the raw cosines; a measure for which the words are too few is left out.

    Raises UnscorableError where none can be given.
    """
    view = LayerView(source, target, gold=gold, centre=around)
    measured = compute(view, [*(measure.name for measure in dev_measures()), MATCHED, MISMATCHED])
    found = {name: value for name, value in measured.values.items() if value is not None}
    if not found:
        raise UnscorableError(next(iter(measured.reasons.values()), "there is nothing to score by"))
    return found
