"""Figures while and after training: the benchmark's own measures, over the word's own tokens."""

from collections.abc import Mapping
from statistics import fmean

from torch import Tensor

from tli_bench.base.errors import UnscorableError
from tli_bench.measures import LayerView, compute
from tli_bench.measures.choice import CHOSEN_BY, best_depth
from tli_bench.models.types import Model
from tli_bench.training.data import PairData
from tli_bench.training.figures import Figures, dev_measures
from tli_bench.training.objective import PairObjective
from tli_bench.vectors.extract import States, extract
from tli_bench.vectors.protocols import Pooling

Curves = dict[str, Figures]


def dev_scores(objective: PairObjective, data: PairData) -> Figures:
    """Score the dev pairs with the objective's truncated forward, mean over the layers of the loss.

    Raises UnscorableError where a measure cannot be given.
    """
    sources = objective.embed(data.sources, Pooling.WORD_MEAN)
    targets = objective.embed(data.targets, Pooling.WORD_MEAN)
    layers = [score(s, t, data.gold) for s, t in zip(sources, targets, strict=True)]
    return {name: fmean(layer[name] for layer in layers) for name in layers[0]}


def states_of(model: Model, data: PairData) -> tuple[States, int]:
    """States of a split at every layer, sources first then targets, and the number of pairs."""
    return extract(model, [*data.sources, *data.targets]), len(data)


def layer_curves(model: Model, data: PairData) -> Curves:
    """The figures of one split at every layer, by layer name; raises UnscorableError where a measure cannot be given."""
    states, n = states_of(model, data)
    vectors = states.vectors[Pooling.WORD_MEAN]
    return {name: score(vectors[k, :n], vectors[k, n:], data.gold) for k, name in enumerate(states.layers)}


def best_layer(curves: Mapping[str, Mapping[str, float]]) -> str:
    """The layer above the embeddings that the dev split chooses; curves are of it."""
    names = [name for name in curves if name != "0"]
    return names[best_depth([curves[name][CHOSEN_BY] for name in names]) or 0]


def score(source: Tensor, target: Tensor, gold: Tensor) -> Figures:
    """The figures of `[n, dim]` vectors at one layer."""
    measured = compute(LayerView(source, target, gold=gold), [measure.name for measure in dev_measures()])
    for name, value in measured.values.items():
        if value is None:
            raise UnscorableError(f"{name} cannot be computed: {measured.reasons[name]}")
    return {name: value for name, value in measured.values.items() if value is not None}
