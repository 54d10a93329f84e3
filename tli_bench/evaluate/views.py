"""One layer of one split of a unit's pairs, with everything that is known about it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from tli_bench.evaluate.controls import overlap_of
from tli_bench.evaluate.sink import Sinks
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.measures.geometry import Centre, centre
from tli_bench.measures.measure import Measure
from tli_bench.measures.view import LayerView
from tli_bench.models.identity import State
from tli_bench.vectors.responses import PairSink


@dataclass(frozen=True, slots=True)
class Vectors:
    """States of the evaluated pairs under one state of the model: source and target, each `[layers, pairs, dim]`."""

    source: torch.Tensor
    target: torch.Tensor

    def at(self, layer: int, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Source and target of some pairs at one layer, each `[rows, dim]`."""
        rows = rows.to(self.source.device)
        return self.source[layer].index_select(0, rows), self.target[layer].index_select(0, rows)


@dataclass(frozen=True, slots=True)
class _Rows:
    """One split's pairs: their rows, those of all other pairs, and which translations are accepted among them."""

    rows: torch.Tensor
    held_out: torch.Tensor
    gold: torch.Tensor

    @classmethod
    def of(cls, gold: torch.Tensor, rows: Sequence[int]) -> "_Rows":
        others = sorted(set(range(len(gold))) - set(rows))
        return cls(torch.tensor(rows, dtype=torch.long), torch.tensor(others, dtype=torch.long), gold[rows][:, rows])


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about the pairs besides their vectors, in the same order; any of it may be missing.

    last: states of the words' last tokens, scored as well. neurons: which feed-forward neurons are active, each
    `[blocks, pairs, neurons]`. sinks: by state. first_pooled: whether position 0 is pooled.
    tokens: counts of the words' own tokens, source and target.
    """

    last: dict[State, Vectors] = field(default_factory=dict)
    sinks: dict[State, Sequence[PairSink]] = field(default_factory=dict)
    first_pooled: bool | None = None
    tokens: Sequence[tuple[int, int]] = ()
    neurons: dict[State, Vectors] = field(default_factory=dict)


class Views:
    """Views of a unit's pairs by split, state and layer. pairs: in document order; gold: bool `[pairs, pairs]`, accepted translations.

    asked: optional measures that are computed as well, which may need more than the vectors.
    """

    def __init__(
        self,
        pairs: Sequence[WordPair],
        layers: tuple[str, ...],
        states: dict[State, Vectors],
        gold: torch.Tensor,
        *,
        facts: Facts,
        asked: Sequence[Measure],
    ) -> None:
        self.layers, self.states, self.facts, self.asked = layers, states, facts, asked
        self.rows = {split: [i for i, p in enumerate(pairs) if p.split == split] for split in Split}
        self._of = {split: _Rows.of(gold, rows) for split, rows in self.rows.items()}
        self._overlap = np.array(overlap_of(pairs))
        self._positions: dict[tuple[Split, State], Sinks] = {}

    def of(self, split: Split, state: State, layer: int) -> LayerView:
        """One layer, by its number; raises UnscorableError where it cannot be scored."""
        return self._plain_view(split, state, layer, self.states[state], self._facts(split, state, layer))

    def centre(self, split: Split, state: State, layer: int, vectors: Vectors | None = None) -> Centre | None:
        """Language means fitted on the pairs that are not being scored."""
        mine = self._of[split]
        if len(mine.held_out) < 2:
            return None
        vectors = vectors or self.states[state]
        found = centre(*vectors.at(layer, mine.held_out))
        if split is not Split.DEV or len(self.rows[Split.TRAIN]) < 2:
            return found
        # What is chosen on dev words never looks at control words, not even at their mean.
        clean = centre(*vectors.at(layer, self._of[Split.TRAIN].rows))
        return found._replace(source_direction=clean.source_direction, target_direction=clean.target_direction)

    def _plain_view(
        self, split: Split, state: State, layer: int, vectors: Vectors, facts: dict[str, object]
    ) -> LayerView:
        mine = self._of[split]
        if state in self.facts.last and vectors is not self.facts.last[state]:
            facts |= {"last": self._plain_view(split, state, layer, self.facts.last[state], {})}
        return LayerView(
            *vectors.at(layer, mine.rows),
            gold=mine.gold,
            centre=self.centre(split, state, layer, vectors),
            facts=facts,
        )

    def _sinks(self, split: Split, state: State) -> Sinks:
        if (split, state) not in self._positions:
            self._positions[split, state] = Sinks([self.facts.sinks[state][i] for i in self.rows[split]])
        return self._positions[split, state]

    def _facts(self, split: Split, state: State, layer: int) -> dict[str, object]:
        """What measures may need besides vectors, under the names in `Measure.needs`."""
        rows = self.rows[split]
        found: dict[str, object] = {"overlap": self._overlap[rows]}
        if state in self.facts.sinks and rows:
            found["positions"] = self._sinks(split, state).at(layer)
        if self.facts.tokens:
            found["tokens"] = np.array([self.facts.tokens[i] for i in rows])
        block = int(self.layers[layer].rstrip("p")) - 1
        if state in self.facts.neurons and block >= 0:
            active = self.facts.neurons[state]
            found["neurons"] = (active.source[block, rows], active.target[block, rows])
        if any("fit" in measure.needs for measure in self.asked):
            held_out = self._of[split].held_out
            # For measures that fit more than a mean; none where there are too few.
            found |= {"fit": self.states[state].at(layer, held_out)} if len(held_out) >= 2 else {}
        return found
