"""From pooled states to scores: layer curves per split, the layer chosen on dev, base against adapted, controls."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property

import torch

from tli_bench.base.errors import UnscorableError
from tli_bench.evaluate import controls as beside
from tli_bench.evaluate.apart import apart
from tli_bench.evaluate.details import Details, neighbours_of
from tli_bench.evaluate.views import Facts, Vectors, Views
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.measures.choice import chosen_depth
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


@dataclass(slots=True)
class _Kept:
    """What is kept of one split under one state at a layer that is shown."""

    columns: dict[str, Kept]
    pseudo: dict[str, Column]
    strata: list[StratumScore] = field(default_factory=list)
    null: PermutationNull | None = None
    neighbours: Neighbours | None = None


@dataclass(slots=True)
class _Part:
    """One split under one state. tested: the headline's pseudo-values by layer, of the tested split; intervals: by layer, of control words.

    kept: by layer that is shown. notes: why something has no number.
    """

    curves: dict[str, Curve] = field(default_factory=dict)
    tested: dict[str, Column] = field(default_factory=dict)
    intervals: dict[str, dict[str, tuple[float, float] | None]] = field(default_factory=dict)
    kept: dict[str, _Kept] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


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
        self.pairs, self.layers, self.states, self.gold, self.seed = tuple(pairs), layers, tuple(states), gold, seed
        self.facts, self.shown = facts or Facts(), [layer for layer in shown if layer in layers]
        self.asked, self.trained = tuple(asked), trained
        self.views = Views(self.pairs, layers, states, gold, facts=self.facts, asked=self.asked)
        self.rows = self.views.rows
        scored = [split for split in (Split.CONTROL, Split.TRAIN, Split.DEV) if self.rows[split]]
        self.tested = scored[0] if scored else Split.CONTROL
        self.headline = headline_for(len(self.rows[self.tested]))
        control = self.rows[Split.CONTROL]
        self._details = Details(gold[control][:, control], layers, headline=self.headline)
        self.unscored: list[str] = []

    @cached_property
    def _labels(self) -> dict[Split, dict[str, list[str]]]:
        """Groups of each split's words by kind; who asks for the headline alone, as for placebos, needs none."""
        return {
            split: beside.labels_of(
                [self.pairs[i] for i in rows], [self.facts.tokens[i] for i in rows if self.facts.tokens]
            )
            for split, rows in self.rows.items()
            if rows
        }

    def run(self) -> Analysis:
        """Score every split, state and layer: dev words first, which choose the layers that are kept of the others as they pass."""
        splits = [split for split in Split if self.rows[split]]
        choosing = self._each([split for split in splits if split is Split.DEV], self._part)
        dev = {state: part.curves for (_, state), part in choosing.items()}
        best: dict[str, str] = {state: self._best_layer(dev.get(state, {}), state) for state in self.states}
        named = [best[state] for state in BEFORE_AFTER if state in best]
        chosen = list(dict.fromkeys([*self.shown, *named, self.layers[-1]]))

        def with_chosen(split: Split, state: State) -> _Part:
            part = choosing.get((split, state))
            if part is None:
                return self._part(split, state, chosen)
            for layer in chosen:
                if view := self._view(split, state, self.layers.index(layer), part.notes):
                    part.kept[layer] = self._keep(view, split, state, layer, part.notes)
            return part

        parts = self._each(splits, with_chosen)
        for part in parts.values():
            self.unscored += part.notes
        curves: dict[Split, dict[str, dict[str, Curve]]] = {
            split: {state: parts[split, state].curves for state in self.states} for split in splits
        }
        controls = self._unit_controls({state: parts[self.tested, state].tested for state in self.states})
        columns, pseudo, comparisons = self._shown(parts, chosen, controls, near=(*named, self.layers[-1]))
        for (_, state), part in parts.items():
            for layer, intervals in part.intervals.items():
                self._details.add_layer(state, layer, intervals)
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
        with suppress(UnscorableError):
            return get_measure(self.headline).value(self.views.of(self.tested, state, self.layers.index(layer)))
        return None

    def _unit_controls(self, tested: dict[State, dict[str, Column]]) -> Controls:
        """The controls that do not belong to a single layer; the others are added to the lists layer by layer."""
        spelled = {}
        for split, rows in self.rows.items():
            if len(rows) > 1:
                pairs = [self.pairs[i] for i in rows]
                others = [pair for pair in self.pairs if pair.split is not split]
                spelled[split] = beside.spelling(pairs, self.gold[rows][:, rows].numpy(), others)
        family = beside.family_of(
            self.layers, tested, split=self.tested, words=len(self.rows[self.tested]), reasons=self.unscored
        )
        return Controls(first_pooled=self.facts.first_pooled, spelling=spelled, family=family)

    def _keep(self, view: LayerView, split: Split, state: State, layer: str, notes: list[str]) -> "_Kept":
        """What is kept of one view at a layer that is shown."""
        held = _Kept(self._columns(view), self._pseudo(view))
        if split is not Split.DEV:
            with _noting(notes, f"{split.value}/{state}/strata of layer {layer}"):
                held.strata.extend(beside.strata_of(view, self._labels[split], split=split, state=state, layer=layer))
        if split is self.tested and split is not Split.DEV:
            with _noting(notes, f"{split.value}/{state}/CKA null of layer {layer}"):
                held.null = beside.null_of(view, split=split, state=state, layer=layer, seed=self.seed)
        if split is Split.CONTROL:
            with suppress(UnscorableError):  # without a centre there are none
                held.neighbours = neighbours_of(view)
        return held

    def _layer_controls(self, controls: Controls, layer: str, found: "Pseudo") -> None:
        label, adapted = get_measure(self.headline).label, "adapted" in self.states
        changes = {split: self._change(split, found) for split in self.rows}
        with _noting(self.unscored, f"contrast and power of layer {layer}"):
            if adapted and self.trained:
                contrast = beside.contrast_of(layer, changes, label)
                controls.contrasts.extend([contrast] if contrast else [])
            values = changes[self.tested] if adapted else self._headline(self.tested, "base", found)
            # Where an adapter changes nothing, as at the embeddings, there is no spread and nothing to detect.
            if values is not None and values.any():
                quantity = f"{label} change" if adapted else label
                controls.power.append(beside.power_of(values, split=self.tested, layer=layer, quantity=quantity))

    def _headline(self, split: Split, state: State, found: "Pseudo") -> Column | None:
        """Pseudo-values `[n]` of the tested split's headline, so that splits compare; None where a split was not scored by it."""
        return found.get((split, state), {}).get(self.headline)

    def _change(self, split: Split, found: "Pseudo") -> Column | None:
        before, after = self._headline(split, "base", found), self._headline(split, "adapted", found)
        return None if before is None or after is None else after - before

    def _shown(
        self,
        parts: "dict[tuple[Split, State], _Part]",
        chosen: Sequence[str],
        controls: Controls,
        *,
        near: Sequence[str],
    ) -> tuple[Columns, Columns, list[Comparison]]:
        """Columns, pseudo-values and comparisons of the layers that are shown; what else they say is added to controls and details.

        near: the layers of which the words' neighbours are kept.
        """
        splits = list(dict.fromkeys(split for split, _ in parts))
        columns: Columns = {}
        pseudo: Columns = {}
        comparisons: list[Comparison] = []
        for layer in chosen:
            found: Pseudo = {}
            for (split, state), part in parts.items():
                if held := part.kept.get(layer):
                    columns.setdefault(split, {}).setdefault(state, {})[layer] = held.columns
                    found[split, state] = held.pseudo
                    kept_too = {name: kept(column, digits=beside.DIGITS) for name, column in held.pseudo.items()}
                    pseudo.setdefault(split, {}).setdefault(state, {})[layer] = kept_too
                    if held.neighbours and layer in near:
                        self._details.add_neighbours(state, layer, held.neighbours)
                    controls.strata.extend(held.strata)
                    controls.nulls.extend([held.null] if held.null else [])
            if "adapted" in self.states:
                for split in splits:
                    comparisons += self._compare(split, layer, found)
            self._layer_controls(controls, layer, found)
        return columns, pseudo, comparisons

    def _each(
        self, splits: Sequence[Split], score: Callable[[Split, State], "_Part"]
    ) -> "dict[tuple[Split, State], _Part]":
        """Each split under each state, several at once where there are cores for it."""
        wanted = list(itertools.product(splits, self.states))
        words = max((len(self.rows[split]) for split in splits), default=0)
        return dict(zip(wanted, apart(lambda one: score(*one), wanted, words=words), strict=True))

    def _view(self, split: Split, state: State, layer: int, notes: list[str]) -> LayerView | None:
        """One layer of one split; None, with the reason noted, where it cannot be scored."""
        try:
            return self.views.of(split, state, layer)
        except UnscorableError as err:
            notes.append(f"{split.value}/{state}/layer {self.layers[layer]}: {err}")
            return None

    def _part(self, split: Split, state: State, chosen: Sequence[str] = ()) -> "_Part":
        """Every number at every layer. chosen: the layers of which more is kept."""
        found = _Part()
        curves, notes = found.curves, found.notes
        for layer, name in enumerate(self.layers):
            view = self._view(split, state, layer, notes)
            if view is None:
                continue
            # Embeddings come before all neurons, which is not worth a reason.
            measured = compute(view, asked=[m for m in self.asked if layer or "neurons" not in m.needs])
            notes += [f"{split.value}/{state}/{which}: {why}" for which, why in measured.reasons.items()]
            for which, value in measured.values.items():
                curves.setdefault(which, [None] * len(self.layers))[layer] = value
            if split is self.tested:
                with suppress(UnscorableError):  # its reason was noted with its curve
                    found.tested[name] = get_measure(self.headline).pseudo_values(view)
            if split is Split.CONTROL:
                found.intervals[name] = self._details.intervals(view)
            if name in chosen:
                found.kept[name] = self._keep(view, split, state, name, notes)
        return found

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
            with _noting(self.unscored, f"{split.value}/change of {name} at layer {layer}"):
                yield comparison(split, layer, name, before[name], after[name])


@contextmanager
def _noting(notes: list[str], what: str) -> Iterator[None]:
    """Note why something cannot be scored, and go on."""
    try:
        yield
    except UnscorableError as err:
        notes.append(f"{what}: {err}")


Pseudo = dict[tuple[Split, State], dict[str, Column]]
"""Pseudo-values `[n]` of one layer, by split, state and measure."""
