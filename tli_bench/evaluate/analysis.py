"""From pooled states to scores: layer curves per split, the layer chosen on dev, base against adapted, controls."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import numpy as np
import torch

from tli_bench.base.errors import UnscorableError
from tli_bench.evaluate import controls as beside
from tli_bench.evaluate.details import Details
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
from tli_bench.records.controls import Controls
from tli_bench.records.details import WordDetails
from tli_bench.records.scores import Columns, Scores
from tli_bench.vectors.responses import PairSink


@dataclass(frozen=True, slots=True)
class Vectors:
    """States of the evaluated pairs under one state of the model: source and target, each `[layers, pairs, dim]`."""

    source: torch.Tensor
    target: torch.Tensor


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
        self._positions: dict[tuple[Split, State], Sinks] = {}
        self._tested: dict[State, dict[str, beside.Floats]] = {state: {} for state in states}
        self.unscored: list[str] = []

    def run(self) -> Analysis:
        """Score every split, state and layer."""
        curves: dict[Split, dict[str, dict[str, Curve]]] = {
            split: {state: self._curves(split, state) for state in self.states} for split in Split if self.rows[split]
        }
        best: dict[str, str] = {state: self._best_layer(curves, state) for state in self.states}
        named = [best[state] for state in BEFORE_AFTER if state in best]
        chosen = list(dict.fromkeys([*self.shown, *named, self.layers[-1]]))
        columns: Columns = {}
        pseudo: Columns = {}
        comparisons: list[Comparison] = []
        controls = self._unit_controls()
        for layer in chosen:
            views = {
                (split, state): self._view(split, state, self.layers.index(layer))
                for split in curves
                for state in self.states
            }
            found: Pseudo = {}
            for (split, state), view in views.items():
                if view:
                    columns.setdefault(split, {}).setdefault(state, {})[layer] = self._columns(view)
                    found[split, state] = self._pseudo(view)
                    kept_too = {
                        name: kept(column, digits=beside.DIGITS) for name, column in found[split, state].items()
                    }
                    pseudo.setdefault(split, {}).setdefault(state, {})[layer] = kept_too
                    if split is Split.CONTROL and layer in (*named, self.layers[-1]):
                        self._details.add_neighbours(state, layer, view)
            if "adapted" in self.states:
                for split in curves:
                    comparisons += self._compare(split, layer, found)
            self._layer_controls(controls, layer, views, found)
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
        self._labels = {
            split: beside.labels_of(
                [self.pairs[i] for i in rows], [self.facts.tokens[i] for i in rows if self.facts.tokens]
            )
            for split, rows in self.rows.items()
            if rows
        }
        return Controls(first_pooled=self.facts.first_pooled, spelling=spelled, family=family)

    def _layer_controls(
        self, controls: Controls, layer: str, views: dict[tuple[Split, State], LayerView | None], found: "Pseudo"
    ) -> None:
        for (split, state), view in views.items():
            if view is not None and split is not Split.DEV:
                with self._noting(f"{split.value}/{state}/strata of layer {layer}"):
                    controls.strata.extend(
                        beside.strata_of(view, self._labels[split], split=split, state=state, layer=layer)
                    )
                if split is self.tested:
                    with self._noting(f"{split.value}/{state}/CKA null of layer {layer}"):
                        null = beside.null_of(view, split=split, state=state, layer=layer, seed=self.seed)
                        controls.nulls.append(null)
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
        held_out = [i for i, pair in enumerate(self.pairs) if pair.split != split]
        if len(held_out) < 2:
            return None
        vectors = vectors or self.states[state]
        found = centre(vectors.source[layer, held_out], vectors.target[layer, held_out])
        if split is not Split.DEV or len(self.rows[Split.TRAIN]) < 2:
            return found
        # What is chosen on dev words never looks at control words, not even at their mean.
        train = self.rows[Split.TRAIN]
        clean = centre(vectors.source[layer, train], vectors.target[layer, train])
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
        rows = self.rows[split]
        if state in self.facts.last and vectors is not self.facts.last[state]:
            facts |= {"last": self._plain_view(split, state, layer, self.facts.last[state], {})}
        return LayerView(
            vectors.source[layer, rows],
            vectors.target[layer, rows],
            gold=self.gold[rows][:, rows],
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
            found |= self._fit(state, layer, rows)
        return found

    def _fit(self, state: State, layer: int, rows: Sequence[int]) -> dict[str, object]:
        """Vectors of the pairs that are not being scored, for measures that fit more than a mean; none where there are too few."""
        held_out = sorted(set(range(len(self.pairs))) - set(rows))
        if len(held_out) < 2:
            return {}
        vectors = self.states[state]
        return {"fit": (vectors.source[layer, held_out], vectors.target[layer, held_out])}

    def _curves(self, split: Split, state: State) -> dict[str, Curve]:
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
        return curves

    def _best_layer(self, curves: dict[Split, dict[str, dict[str, Curve]]], state: State) -> str:
        depth = chosen_depth(curves.get(Split.DEV, {}).get(state, {}).get)
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
