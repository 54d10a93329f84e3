"""How scores are read: one way to name a layer, a value and a column, for a record and for an analysis in memory."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from tli_bench.base.errors import ResultError
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.registry import known_measure
from tli_bench.measures.roles import headline_for
from tli_bench.models.identity import State
from tli_bench.records.columns import Curve, Floats, Kept, Sums, Words, read
from tli_bench.stats.pseudo import Estimate, estimate

BEST, OUTPUT = "best", "output"
"""Layers by role: the one that dev chose for a state, and the last."""


Columns = dict[Split, dict[str, dict[str, dict[str, Kept]]]]
"""By split, state, layer and measure."""


class Scores:
    """What can be asked of scored words. A layer is always named by role (`best`, `output`) or by its own name."""

    if TYPE_CHECKING:

        @property
        def layers(self) -> tuple[str, ...]:
            """Names of the layers, from the embeddings up."""
            ...

        @property
        def best_layer(self) -> dict[str, str]:
            """By state, the layer that dev chose."""
            ...

        @property
        def curves(self) -> dict[Split, dict[str, dict[str, Curve]]]:
            """By split, state and measure, one value for each layer."""
            ...

        @property
        def words(self) -> dict[Split, Words]:
            """The scored word pairs of each split."""
            ...

        @property
        def columns(self) -> Columns:
            """By split, state, layer and measure, one value for each word."""
            ...

        @property
        def pseudo(self) -> Columns:
            """As `columns`, the pseudo-values of the measures that have some: what intervals and tests are computed from."""
            ...

    @property
    def state(self) -> State:
        """What the scores are about: the adapted model where there is an adapter, else the model as it is."""
        return "adapted" if "adapted" in self.best_layer else "base"

    @property
    def split(self) -> Split:
        """The split that results are reported on: control where it was scored, else the first split that was."""
        return Split.CONTROL if Split.CONTROL in self.curves else next(iter(self.curves), Split.CONTROL)

    def headline_of(self, split: Split) -> str:
        """The measure that decides about the words of a split: how many there are says among how many each must be found."""
        return headline_for(len(self.words[split]) if split in self.words else 0)

    def layer(self, which: str, state: str) -> str:
        """Name of the layer that `which` means for `state`: `best`, as dev chose it, `output`, or a layer's own name.

        Raises ResultError for a layer or a state that the scores do not have.
        """
        if which == OUTPUT:
            return self.layers[-1]
        if which == BEST:
            if state not in self.best_layer:
                raise ResultError(f"the record has no {state} state, only {', '.join(self.best_layer)}")
            return self.best_layer[state]
        if which not in self.layers:
            raise ResultError(f"no layer {which!r}; choose best, output or one of {', '.join(self.layers)}")
        return which

    def depth(self, which: str, state: str) -> int:
        """Position of `layer(which, state)` from the embeddings up."""
        return self.layers.index(self.layer(which, state))

    def curve(self, measure: str, split: Split, state: str) -> Curve | None:
        """One value for each layer, None where unscored; None where the measure was not computed."""
        return self.curves.get(split, {}).get(state, {}).get(measure)

    def value(self, measure: str, split: Split, state: str, layer: str = BEST) -> float | None:
        """The number of `measure` at one layer; None where it is unscored or was not computed."""
        curve = self.curve(measure, split, state)
        return None if curve is None else curve[self.depth(layer, state)]

    def held(self, measure: str, split: Split, state: str, layer: str = BEST) -> Kept | None:
        """What was kept of the words' own values, as records hold it; None where nothing was kept."""
        return self.columns.get(split, {}).get(state, {}).get(self.layer(layer, state), {}).get(measure)

    def held_pseudo(self, measure: str, split: Split, state: str, layer: str = BEST) -> Kept | None:
        """What to compute with, as records hold it: pseudo-values, or the words' own values where words share no pool.

        None where neither was kept, as in records made before pseudo-values were.
        """
        held = self.pseudo.get(split, {}).get(state, {}).get(self.layer(layer, state), {}).get(measure)
        known = known_measure(measure)
        if held is None and known is not None and known.pseudo is None:
            return self.held(measure, split, state, layer)
        return held

    def column(self, measure: str, split: Split, state: str, layer: str = BEST) -> Floats | None:
        """One value `[n]` for each of `words[split]`, NaN where a word has none; None where no column was kept."""
        found = self.held(measure, split, state, layer)
        return None if found is None else read(found)

    def pseudo_column(self, measure: str, split: Split, state: str, layer: str = BEST) -> Floats | None:
        """`held_pseudo` as values `[n]`, NaN where a word has none; None where nothing or only sums were kept."""
        held = self.held_pseudo(measure, split, state, layer)
        return None if held is None else read(held)

    def estimate(self, measure: str, split: Split, state: str, layer: str = BEST) -> Estimate | None:
        """The number with its standard error and interval; None where nothing to compute them from was kept."""
        found = self.pseudo_column(measure, split, state, layer)
        scored = None if found is None else found[~np.isnan(found)]
        if scored is None or len(scored) < 2:
            return None
        known = known_measure(measure)
        return estimate(scored, logit=known is not None and known.logit)

    def standard_error(self, measure: str, split: Split, state: str, layer: str = BEST) -> float | None:
        """Standard error of the number; None where nothing was kept or fewer than two words have a value."""
        held = self.held_pseudo(measure, split, state, layer)
        if isinstance(held, Sums):
            return held.standard_error
        found = self.estimate(measure, split, state, layer)
        return found.se if found else None

    def kept_layers(self, split: Split | None = None) -> tuple[str, ...]:
        """Layers whose columns were kept, in the order in which they are shown; for one split, or for any."""
        found = (
            layer
            for name, states in self.columns.items()
            if split in (None, name)
            for layers in states.values()
            for layer in layers
        )
        return tuple(dict.fromkeys(found))

    def every_column(self, columns: Columns | None = None) -> Iterator[tuple[Split, str, str, str, Kept]]:
        """Split, state, layer, measure and what was kept of its column, for every column that was kept, or for `columns`."""
        for split, state, layer, measures in layers_of(self.columns if columns is None else columns):
            for measure, found in measures.items():
                yield split, state, layer, measure, found


def layers_of(columns: Columns) -> Iterator[tuple[Split, str, str, dict[str, Kept]]]:
    """Split, state, layer and the columns by measure, for every layer of which some were kept."""
    for split, states in columns.items():
        for state, layers in states.items():
            for layer, measures in layers.items():
                yield split, state, layer, measures
