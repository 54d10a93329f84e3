"""What an analysis needs, gathered from the responses of all pairs, and metrics that are made on demand."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch

from tli_bench.evaluate.views import Facts, Vectors
from tli_bench.models.identity import State
from tli_bench.vectors.responses import PairStates


def inputs(responses: Sequence[PairStates], protocol: str) -> tuple[dict[State, Vectors], Facts]:
    """What an analysis needs from the responses of all pairs, under one protocol."""
    measured = [response.protocols[protocol] for response in responses]
    states = responses[0].states
    facts = Facts(
        last={state: _vectors([m.last for m in measured], state) for state in measured[0].last},
        sinks={state: [m.sinks[state] for m in measured] for state in states},
        first_pooled=any(m.first_pooled for m in measured),
        tokens=[m.tokens for m in measured],
        neurons={state: _vectors([m.neurons for m in measured], state) for state in measured[0].neurons},
    )
    return {state: _vectors([m.vectors for m in measured], state) for state in states}, facts


def _vectors(pairs: Sequence[Mapping[State, torch.Tensor]], state: State) -> Vectors:
    """Of all pairs, copied one by one into their place, so that no second pool is in memory meanwhile."""
    layers, _, width = pairs[0][state].shape
    pool = torch.empty(2, layers, len(pairs), width, dtype=pairs[0][state].dtype)
    for place, pair in enumerate(pairs):
        pool[:, :, place] = pair[state].transpose(0, 1)
    return Vectors(pool[0], pool[1])


class ByName(dict[str, Callable[[list[Any]], float]]):
    """Aggregation functions made on demand: the metric names depend on the model's depth."""

    def __init__(self, aggregate: Callable[[str, list[Any]], float]) -> None:
        super().__init__()
        self._aggregate = aggregate

    def __missing__(self, metric: str) -> Callable[[list[Any]], float]:
        return partial(self._aggregate, metric)
