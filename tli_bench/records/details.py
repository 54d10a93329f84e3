"""The control words of a record one by one: their neighbours, what they are grouped by, and intervals at every layer."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from tli_bench.base.frozen import Frozen
from tli_bench.records.columns import Words

Band = list[tuple[float, float] | None]
"""A 95 % interval for each layer, None where there is none."""


class Neighbours(Frozen):
    """Retrieval of each control word at one layer by the headline's vectors: centred unit vectors, over all control words.

    rank_forward: rank of each source's nearest accepted target, 1 plus the number of wrong targets at least as near;
    wrong_forward: the wrong target that is nearest, by its position among the control words, None where every word is accepted.
    rank_backward, wrong_backward: the same from target to source.
    """

    rank_forward: tuple[int, ...]
    rank_backward: tuple[int, ...]
    wrong_forward: tuple[int | None, ...]
    wrong_backward: tuple[int | None, ...]

    @property
    def columns(self) -> dict[str, tuple[int | None, ...]]:
        """The four columns by name."""
        return {name: getattr(self, name) for name in type(self).model_fields}

    def beaten(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How many wrong words are at least as near as the accepted one `[n]`, forward and backward."""
        return np.array(self.rank_forward) - 1, np.array(self.rank_backward) - 1


class Labels(Frozen):
    """What the control words are grouped by in one way: the groups' names, and for each word the position of its group."""

    names: tuple[str, ...]
    of: tuple[int, ...]

    def __getitem__(self, row: int) -> str:
        return self.names[self.of[row]]


class WordDetails(Frozen):
    """What is kept of single control words, so that a reader sees which ones fail and why.

    accepted: pairs of positions: the target of the second is an accepted translation of the source of the first, besides each
    word's own. labels: by kind, as in `controls.strata`. neighbours: by state, then by layer: those chosen on dev, and the output.
    bands: by state and measure, the interval of the number at every layer, from pseudo-values.
    """

    accepted: tuple[tuple[int, int], ...] = ()
    labels: dict[str, Labels] = Field(default_factory=dict)
    neighbours: dict[str, dict[str, Neighbours]] = Field(default_factory=dict)
    bands: dict[str, dict[str, Band]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _labelled(self) -> "WordDetails":
        for kind, labels in self.labels.items():
            if not all(0 <= position < len(labels.names) for position in labels.of):
                raise ValueError(f"labels {kind!r} hold a position outside their {len(labels.names)} names")
        return self

    def require_fit(self, words: Words | None, *, states: Collection[str], layers: Sequence[str]) -> None:
        """Raise ValueError where these are not the details of `words` under `states` and `layers`."""
        if words is None:
            raise ValueError("details: the record holds no control words")
        n = len(words)
        for where, state, layer, found in self._every():
            if state not in states or layer not in layers:
                raise ValueError(f"{where}: no such state or layer in this record")
            for name, column in found.columns.items():
                if len(column) != n:
                    raise ValueError(f"{where}: {name} has {len(column)} values for {n} control words")
                first = 1 if name.startswith("rank") else 0
                if not all(value is None or first <= value < n + first for value in column):
                    raise ValueError(f"{where}: {name} holds a value outside {first} to {n + first - 1}")
        for kind, labels in self.labels.items():
            if len(labels.of) != n:
                raise ValueError(f"details/labels/{kind}: {len(labels.of)} values for {n} control words")
        if not all(0 <= position < n for pair in self.accepted for position in pair):
            raise ValueError(f"details/accepted holds a position outside 0 to {n - 1}")
        for state, measures in self.bands.items():
            if state not in states or not all(len(band) == len(layers) for band in measures.values()):
                raise ValueError(f"details/bands/{state}: no such state, or not one interval for each layer")

    def wrong(self, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How many wrong words each of `n` control words has `[n]`, forward and backward."""
        pairs = np.array(sorted(set(self.accepted)), dtype=np.int64).reshape(-1, 2)
        counts = [np.bincount(pairs[:, side], minlength=n) for side in (0, 1)]
        return n - 1 - counts[0], n - 1 - counts[1]

    def _every(self) -> Iterator[tuple[str, str, str, Neighbours]]:
        for state, layers in self.neighbours.items():
            for layer, found in layers.items():
                yield f"details/neighbours/{state}/layer {layer}", state, layer, found
