"""From pooled states to scores: layer curves per split, the layer chosen on dev, base against adapted, controls."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import numpy as np
import torch

from tli_bench.base.errors import UnscorableError
from tli_bench.evaluate import controls as beside
from tli_bench.evaluate.details import Details, neighbours_of
from tli_bench.evaluate.sink import Sinks
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.measures.choice import chosen_depth
from tli_bench.measures.geometry import Centre, centre
from tli_bench.measures.measure import Column, Measure, Place
from tli_bench.measures.registry import compute, get_measure, list_measures
from tli_bench.measures.roles import headline_for
from tli_bench.measures.view import LayerView
from tli_bench.models.identity import BEFORE_AFTER, State
from tli_bench.records.columns import Curve, Kept, Words, kept
from tli_bench.records.comparison import Comparison, comparison
from tli_bench.records.controls import Controls, PermutationNull, StratumScore
from tli_bench.records.details import Neighbours, WordDetails
from tli_bench.records.scores import Columns, Scores
from tli_bench.vectors.responses import PairSink


@dataclass(frozen=True, slots=True)
class Vectors:
    """States of the evaluated pairs under one state of the model: source and target, each `[layers, pairs, dim]`."""

    source: torch.Tensor
    target: torch.Tensor

    def at(self, layer: int, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Source and target of some pairs at one layer, each `[rows, dim]`."""
        return self.source[layer].index_select(0, rows), self.target[layer].index_select(0, rows)


@dataclass(frozen=True, slots=True)
class _Part:
    """One split's pairs: their rows, those of all other pairs, and which translations are accepted among them."""

    rows: torch.Tensor
    held_out: torch.Tensor
    gold: torch.Tensor

    @classmethod
    def of(cls, gold: torch.Tensor, rows: Sequence[int]) -> "_Part":
        others = sorted(set(range(len(gold))) - set(rows))
        return cls(torch.tensor(rows, dtype=torch.long), torch.tensor(others, dtype=torch.long), gold[rows][:, rows])


@dataclass(slots=True)
class _Kept:
    """What is kept of one split under one state at a layer that is shown."""

    columns: dict[str, Kept]
    pseudo: dict[str, Column]
    strata: list[StratumScore] = field(default_factory=list)
    null: PermutationNull | None = None
    neighbours: Neighbours | None = None


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


@dataclass(frozen=True, slots=True)
class Analysis(Scores):
    """All scores of one unit; the fields are those of `RunRecord`. trained: whether the train split was trained on."""

    layers: tuple[str, ...]
    n: dict[str, int]
    curves: dict[Split, dict[str, dict[str, Curve]]]
    best_layer: dict[str, str]
    words: dict[Split, Words]
    columns: Columns
    pseudo: Columns
    comparisons: list[Comparison]
    controls: Controls
    details: WordDetails | None
    unscored: list[str]
    trained: bool = True


class Analyser:
    """Computes an `Analysis`. pairs: in document order; gold: bool `[pairs, pairs]`, accepted translations.

    shown: layers to show besides the best ones and the output. asked: optional measures to compute as well. trained: whether
    the train split was trained on, without which nothing is told of trained words.
    """

    def __init__(
        self,
        pairs: Sequence[WordPair],
        layers: tuple[str, ...],
        states: dict[State, Vectors],
        gold: torch.Tensor,
        *,
        seed: int = 0,
        facts: Facts | None = None,
        shown: Sequence[str] = (),
        asked: Sequence[Measure] = (),
        trained: bool = True,
    ) -> None:
        self.pairs, self.layers, self.states, self.gold, self.seed = tuple(pairs), layers, states, gold, seed
        self.facts, self.shown = facts or Facts(), [layer for layer in shown if layer in layers]
        self.asked, self.trained = tuple(asked), trained
        self.rows = {split: [i for i, p in enumerate(self.pairs) if p.split == split] for split in Split}
        scored = [split for split in (Split.CONTROL, Split.TRAIN, Split.DEV) if self.rows[split]]
        self.tested = scored[0] if scored else Split.CONTROL
        self.headline = headline_for(len(self.rows[self.tested]))
        self._overlap = np.array(beside.overlap_of(self.pairs))
        control = self.rows[Split.CONTROL]
        self._details = Details(gold[control][:, control], layers, headline=self.headline)
        self._parts = {split: _Part.of(gold, rows) for split, rows in self.rows.items()}
        self._labels = {
            split: beside.labels_of(
                [self.pairs[i] for i in rows], [self.facts.tokens[i] for i in rows if self.facts.tokens]
            )
            for split, rows in self.rows.items()
            if rows
        }
        self._positions: dict[tuple[Split, State], Sinks] = {}
        self._tested: dict[State, dict[str, beside.Floats]] = {state: {} for state in states}
        self.unscored: list[str] = []

    def run(self) -> Analysis:
        """Score every split, state and layer: dev words first, which choose the layers that are kept of the others as they pass."""
        dev: dict[str, dict[str, Curve]] = {}
        if self.rows[Split.DEV]:
            dev |= {state: self._curves(Split.DEV, state) for state in self.states}
        best: dict[str, str] = {state: self._best_layer(dev.get(state, {}), state) for state in self.states}
        named = [best[state] for state in BEFORE_AFTER if state in best]
        chosen = list(dict.fromkeys([*self.shown, *named, self.layers[-1]]))
        at: dict[tuple[str, Split, State], _Kept] = {}
        curves: dict[Split, dict[str, dict[str, Curve]]] = {}
        for split in (split for split in Split if self.rows[split]):
            if split is Split.DEV:
                curves[split] = dev
                for layer, state in itertools.product(chosen, self.states):
                    if view := self._view(split, state, self.layers.index(layer)):
                        at[layer, split, state] = self._keep(view, split, state, layer)
            else:
                curves[split] = {state: self._curves(split, state, chosen, at) for state in self.states}
        columns: Columns = {}
        pseudo: Columns = {}
        comparisons: list[Comparison] = []
        controls = self._unit_controls()
        for layer in chosen:
            found: Pseudo = {}
            for split, state in itertools.product(curves, self.states):
                if held := at.get((layer, split, state)):
                    columns.setdefault(split, {}).setdefault(state, {})[layer] = held.columns
                    found[split, state] = held.pseudo
                    kept_too = {name: kept(column, digits=beside.DIGITS) for name, column in held.pseudo.items()}
                    pseudo.setdefault(split, {}).setdefault(state, {})[layer] = kept_too
                    if held.neighbours and layer in (*named, self.layers[-1]):
                        self._details.add_neighbours(state, layer, held.neighbours)
                    controls.strata.extend(held.strata)
                    controls.nulls.extend([held.null] if held.null else [])
            if "adapted" in self.states:
                for split in curves:
                    comparisons += self._compare(split, layer, found)
            self._layer_controls(controls, layer, found)
        n = {split.value: len(rows) for split, rows in self.rows.items() if rows}
        unscored = list(dict.fromkeys(self.unscored))
        words = {split: self._words(split) for split in curves}
        details = self._details.result(self._labels.get(Split.CONTROL, {}))
        return Analysis(
            self.layers,
            n,
            curves,
            best,
            words,
            columns,
            pseudo,
            comparisons,
            controls,
            details,
            unscored,
            trained=self.trained,
        )

    def headline_at(self, layer: str, state: State = "base") -> float | None:
        """The headline of the tested split at one layer; None where it cannot be scored."""
        view = self._view(self.tested, state, self.layers.index(layer))
        with suppress(UnscorableError):
            return get_measure(self.headline).value(view) if view else None
        return None

    def _unit_controls(self) -> Controls:
        """The controls that do not belong to a single layer; the others are added to the lists layer by layer."""
        spelled = {}
        for split, rows in self.rows.items():
            if len(rows) > 1:
                pairs = [self.pairs[i] for i in rows]
                others = [pair for pair in self.pairs if pair.split is not split]
                spelled[split] = beside.spelling(pairs, self.gold[rows][:, rows].numpy(), others)
        family = beside.family_of(
            self.layers, self._tested, split=self.tested, words=len(self.rows[self.tested]), reasons=self.unscored
        )
        return Controls(first_pooled=self.facts.first_pooled, spelling=spelled, family=family)

    def _keep(self, view: LayerView, split: Split, state: State, layer: str) -> "_Kept":
        """What is kept of one view at a layer that is shown."""
        held = _Kept(self._columns(view), self._pseudo(view))
        if split is not Split.DEV:
            with self._noting(f"{split.value}/{state}/strata of layer {layer}"):
                held.strata.extend(beside.strata_of(view, self._labels[split], split=split, state=state, layer=layer))
        if split is self.tested and split is not Split.DEV:
            with self._noting(f"{split.value}/{state}/CKA null of layer {layer}"):
                held.null = beside.null_of(view, split=split, state=state, layer=layer, seed=self.seed)
        if split is Split.CONTROL:
            with suppress(UnscorableError):  # without a centre there are none
                held.neighbours = neighbours_of(view)
        return held

    def _layer_controls(self, controls: Controls, layer: str, found: "Pseudo") -> None:
        label, adapted = get_measure(self.headline).label, "adapted" in self.states
        changes = {split: self._change(split, found) for split in self.rows}
        with self._noting(f"contrast and power of layer {layer}"):
            if adapted and self.trained:
                contrast = beside.contrast_of(layer, changes, label)
                controls.contrasts.extend([contrast] if contrast else [])
            values = changes[self.tested] if adapted else self._headline(self.tested, "base", found)
            # Where an adapter changes nothing, as at the embeddings, there is no spread and nothing to detect.
            if values is not None and values.any():
                quantity = f"{label} change" if adapted else label
                controls.power.append(beside.power_of(values, split=self.tested, layer=layer, quantity=quantity))

    @contextmanager
    def _noting(self, what: str) -> Iterator[None]:
        """Note why something cannot be scored, and go on."""
        try:
            yield
        except UnscorableError as err:
            self.unscored.append(f"{what}: {err}")

    def _headline(self, split: Split, state: State, found: "Pseudo") -> Column | None:
        """Pseudo-values `[n]` of the tested split's headline, so that splits compare; None where a split was not scored by it."""
        return found.get((split, state), {}).get(self.headline)

    def _change(self, split: Split, found: "Pseudo") -> Column | None:
        before, after = self._headline(split, "base", found), self._headline(split, "adapted", found)
        return None if before is None or after is None else after - before

    def _centre(self, split: Split, state: State, layer: int, vectors: Vectors | None = None) -> Centre | None:
        """Language means fitted on the pairs that are not being scored."""
        part = self._parts[split]
        if len(part.held_out) < 2:
            return None
        vectors = vectors or self.states[state]
        found = centre(*vectors.at(layer, part.held_out))
        if split is not Split.DEV or len(self.rows[Split.TRAIN]) < 2:
            return found
        # What is chosen on dev words never looks at control words, not even at their mean.
        clean = centre(*vectors.at(layer, self._parts[Split.TRAIN].rows))
        return found._replace(source_direction=clean.source_direction, target_direction=clean.target_direction)

    def _view(self, split: Split, state: State, layer: int) -> LayerView | None:
        """One layer of one split with all that is known about it; None, with the reason noted, where it cannot be scored."""
        try:
            return self._plain_view(split, state, layer, self.states[state], self._facts(split, state, layer))
        except UnscorableError as err:
            self.unscored.append(f"{split.value}/{state}/layer {self.layers[layer]}: {err}")
            return None

    def _plain_view(
        self, split: Split, state: State, layer: int, vectors: Vectors, facts: dict[str, object]
    ) -> LayerView:
        part = self._parts[split]
        if state in self.facts.last and vectors is not self.facts.last[state]:
            facts |= {"last": self._plain_view(split, state, layer, self.facts.last[state], {})}
        return LayerView(
            *vectors.at(layer, part.rows),
            gold=part.gold,
            centre=self._centre(split, state, layer, vectors),
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
            held_out = self._parts[split].held_out
            # For measures that fit more than a mean; none where there are too few.
            found |= {"fit": self.states[state].at(layer, held_out)} if len(held_out) >= 2 else {}
        return found

    def _curves(
        self,
        split: Split,
        state: State,
        chosen: Sequence[str] = (),
        at: "dict[tuple[str, Split, State], _Kept] | None" = None,
    ) -> dict[str, Curve]:
        """Every number at every layer. chosen: the layers of which more is kept, in `at`."""
        curves: dict[str, Curve] = {}
        for layer, name in enumerate(self.layers):
            view = self._view(split, state, layer)
            if view is None:
                continue
            # Embeddings come before all neurons, which is not worth a reason.
            measured = compute(view, asked=[m for m in self.asked if layer or "neurons" not in m.needs])
            self.unscored += [f"{split.value}/{state}/{which}: {why}" for which, why in measured.reasons.items()]
            for which, value in measured.values.items():
                curves.setdefault(which, [None] * len(self.layers))[layer] = value
            if split is self.tested:
                with suppress(UnscorableError):  # its reason was noted with its curve
                    self._tested[state][name] = get_measure(self.headline).pseudo_values(view)
            if split is Split.CONTROL:
                self._details.add_layer(state, name, view)
            if at is not None and name in chosen:
                at[name, split, state] = self._keep(view, split, state, name)
        return curves

    def _best_layer(self, dev: dict[str, Curve], state: State) -> str:
        depth = chosen_depth(dev.get)
        if depth is None:
            self.unscored.append(f"best layer of {state}: the dev split cannot be scored, so the output layer is shown")
            return self.layers[-1]
        return self.layers[depth]

    def _words(self, split: Split) -> Words:
        pairs = [self.pairs[row] for row in self.rows[split]]
        return Words(
            concepts=tuple(pair.concept for pair in pairs),
            sources=tuple(pair.source for pair in pairs),
            targets=tuple(pair.target for pair in pairs),
        )

    def _columns(self, view: LayerView) -> dict[str, Kept]:
        """What each measure says about each word of a view; why one cannot be scored was noted with its curve."""
        found: dict[str, Kept] = {}
        for measure in (*(m for m in list_measures() if not m.optional), *self.asked):
            if measure.has_column and measure.needs <= view.provides:
                with suppress(UnscorableError):
                    found[measure.name] = kept(measure.column(view))
        return found

    def _pseudo(self, view: LayerView) -> dict[str, Column]:
        """What to compute with, of every measure that is compared or asked for."""
        found: dict[str, Column] = {}
        for measure in (*list_measures(Place.COMPARED), *(m for m in self.asked if m.has_column)):
            if measure.needs <= view.provides:
                with suppress(UnscorableError):
                    found[measure.name] = measure.pseudo_values(view)
        return found

    def _compare(self, split: Split, layer: str, found: "Pseudo") -> Iterator[Comparison]:
        before, after = found.get((split, "base"), {}), found.get((split, "adapted"), {})
        for name in (name for name in before if name in after):
            with self._noting(f"{split.value}/change of {name} at layer {layer}"):
                yield comparison(split, layer, name, before[name], after[name])


Pseudo = dict[tuple[Split, State], dict[str, Column]]
"""Pseudo-values `[n]` of one layer, by split, state and measure."""
