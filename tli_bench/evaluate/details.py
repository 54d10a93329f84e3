"""The control words of a unit one by one: neighbours, groups and intervals, gathered while the unit is scored."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from tli_bench.base.errors import UnscorableError
from tli_bench.measures.measure import Measure, Place
from tli_bench.measures.registry import get_measure, list_measures
from tli_bench.measures.roles import COMPANION
from tli_bench.measures.view import LayerView
from tli_bench.models.identity import State
from tli_bench.records.columns import MAX_COLUMN
from tli_bench.records.details import Band, Labels, Neighbours, WordDetails
from tli_bench.stats.pseudo import estimate

DIGITS = 6
"""Decimal places of the intervals."""


class Details:
    """Gathers the `WordDetails` of the control words of one unit. gold: bool `[n, n]`; layers: names, from the embeddings up.

    headline: the measure of the unit's control words, which gets intervals at every layer, as do those shown next to it.
    """

    def __init__(self, gold: torch.Tensor, layers: Sequence[str], *, headline: str) -> None:
        self.layers = list(layers)
        self.accepted = [(i, j) for i, j in gold.nonzero().tolist() if i != j]
        self.kept = 0 < len(gold) <= MAX_COLUMN
        shown = [get_measure(headline), get_measure(COMPANION), *list_measures(Place.SUMMARY)]
        self.banded = {measure.name: measure for measure in shown if measure.has_column}
        self._bands: dict[str, dict[str, Band]] = {}
        self._neighbours: dict[str, dict[str, Neighbours]] = {}

    def intervals(self, view: LayerView) -> dict[str, tuple[float, float] | None]:
        """By measure, its interval in one view; a number that cannot be scored has none."""
        return {name: _interval(measure, view) for name, measure in self.banded.items()}

    def add_layer(self, state: State, layer: str, intervals: Mapping[str, tuple[float, float] | None]) -> None:
        """Keep the intervals of one layer."""
        for name, interval in intervals.items():
            band = self._bands.setdefault(state, {}).setdefault(name, [None] * len(self.layers))
            band[self.layers.index(layer)] = interval

    def add_neighbours(self, state: State, layer: str, neighbours: Neighbours) -> None:
        """Keep the neighbours at one layer."""
        self._neighbours.setdefault(state, {})[layer] = neighbours

    def result(self, labels: Mapping[str, Sequence[str]]) -> WordDetails | None:
        """What was gathered; None where there are no control words, or too many to keep one by one. labels: `[n]` by kind."""
        if not self.kept:
            return None
        return WordDetails(
            accepted=tuple(self.accepted),
            labels={kind: _labels(names) for kind, names in labels.items()},
            neighbours=self._neighbours,
            bands=self._bands,
        )


def neighbours_of(view: LayerView) -> Neighbours:
    """Ranks and nearest wrong words of one view, by centred unit vectors; raises UnscorableError without a centre."""
    forward, backward = view.sides("directions")
    return Neighbours(
        rank_forward=tuple((forward.beaten + 1).tolist()),
        rank_backward=tuple((backward.beaten + 1).tolist()),
        wrong_forward=tuple(None if j < 0 else j for j in forward.nearest_wrong.tolist()),
        wrong_backward=tuple(None if j < 0 else j for j in backward.nearest_wrong.tolist()),
    )


def _interval(measure: Measure, view: LayerView) -> tuple[float, float] | None:
    try:
        found = measure.pseudo_values(view)
        ci = estimate(found[~np.isnan(found)], logit=measure.logit).ci
    except UnscorableError:
        return None
    return None if ci is None else (round(ci[0], DIGITS), round(ci[1], DIGITS))


def _labels(names: Sequence[str]) -> Labels:
    groups = sorted(set(names))
    return Labels(names=tuple(groups), of=tuple(groups.index(name) for name in names))
