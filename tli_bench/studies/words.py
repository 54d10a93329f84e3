"""Scores of control words, pair by pair: the pseudo-values of each outcome, at the layer that dev words choose or at a given one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from tli_bench.base.errors import UnknownNameError
from tli_bench.lexicon import Lexicon
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.geometry import centre
from tli_bench.measures.registry import get_measure
from tli_bench.measures.roles import HEADLINE
from tli_bench.measures.view import LayerView
from tli_bench.models import LoadedModel
from tli_bench.models.types import Model
from tli_bench.studies.design import CHOSEN, OUTPUT, Outcome
from tli_bench.studies.points import Column, rounded
from tli_bench.training.data import PairData, sampled, split_data
from tli_bench.training.figures import Figures, chooser_of
from tli_bench.training.scoring import CENTRE_WORDS, Sides, best_layer, curves_of
from tli_bench.vectors.extract import States, extract
from tli_bench.vectors.inputs import Encoded
from tli_bench.vectors.protocols import Pooling

_SPLITS = (Split.TRAIN, Split.DEV, Split.CONTROL)
_SIDES = ("source", "target")


@dataclass(frozen=True, slots=True)
class WordScores:
    """One pair. chosen: the layer by dev words; columns: by outcome; dev: the headline of the dev words at the chosen layer."""

    chosen: str
    columns: dict[str, Column]
    dev: float


class WordScorer:
    """Scores pairs with any state of one loaded base; words are encoded once."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.loaded = loaded
        self._data: dict[tuple[str, str], dict[Split, PairData]] = {}

    def score(self, model: Model, lexicons: Sequence[Lexicon], outcomes: Sequence[Outcome]) -> dict[str, WordScores]:
        """By pair, control words centred by dev words and a sample of train words; a word that several pairs have runs once.

        Raises UnknownNameError for a layer that the model does not have.
        """
        data = {lexicon.pair: self._encoded(lexicon) for lexicon in lexicons}
        vectors = _Vectors(model, [words for splits in data.values() for words in splits.values()])
        return {pair: self._of_pair(splits, vectors, outcomes) for pair, splits in data.items()}

    @staticmethod
    def _of_pair(data: Mapping[Split, PairData], vectors: "_Vectors", outcomes: Sequence[Outcome]) -> WordScores:
        sides = {split: vectors.sides(words) for split, words in data.items()}
        curves = curves_of(sides[Split.DEV], data[Split.DEV].gold, [sides[Split.TRAIN]])
        chosen, layers = best_layer(curves), sides[Split.DEV].layers
        views: dict[str, LayerView] = {}
        columns = {}
        for outcome in outcomes:
            layer = _layer(outcome.at, chosen, layers)
            if layer not in views:
                views[layer] = _view(sides, data, layers.index(layer))
            values = np.asarray(get_measure(outcome.measure).pseudo_values(views[layer]))
            kept = np.flatnonzero(~np.isnan(values))
            ids = tuple(data[Split.CONTROL].pairs[row].concept for row in kept)
            columns[outcome.name] = Column(ids=ids, values=rounded(values[kept]))
        return WordScores(chosen, columns, _headline(curves[chosen]))

    def dev(self, model: Model, lexicon: Lexicon, at: str) -> float:
        """The headline of the dev words alone, or what stands in for it where they are few."""
        data = self._encoded(lexicon)
        vectors = _Vectors(model, [data[Split.DEV], data[Split.TRAIN]])
        words, others = (vectors.sides(data[split]) for split in (Split.DEV, Split.TRAIN))
        curves = curves_of(words, data[Split.DEV].gold, [others])
        return _headline(curves[_layer(at, best_layer(curves), words.layers)])

    def _encoded(self, lexicon: Lexicon) -> dict[Split, PairData]:
        key = (lexicon.pair, lexicon.content_hash)
        if key not in self._data:
            tokenizer = self.loaded.tokenizer
            data = {split: split_data(lexicon, split, tokenizer, at_least=2) for split in _SPLITS}
            self._data[key] = data | {Split.TRAIN: sampled(data[Split.TRAIN], CENTRE_WORDS, seed=0)}
        return self._data[key]


class _Vectors:
    """Every distinct word of some pairs' splits at every layer, mean over its own tokens, from one pass of the model over all."""

    def __init__(self, model: Model, words: Sequence[PairData]) -> None:
        self._rows: dict[Encoded, int] = {}
        for data in words:
            for item in (*data.sources, *data.targets):
                self._rows.setdefault(item, len(self._rows))
        self._states: States = extract(model, [*self._rows])

    def sides(self, data: PairData) -> Sides:
        """The two sides of one split, float32 on the CPU."""
        vectors = self._states.vectors[Pooling.WORD_MEAN].float().cpu()
        source, target = (vectors[:, [self._rows[item] for item in side]] for side in (data.sources, data.targets))
        return Sides(self._states.layers, source, target)


def _headline(figures: Figures) -> float:
    return figures[chooser_of(HEADLINE, figures)]


def _layer(at: str, chosen: str, layers: Sequence[str]) -> str:
    name = {CHOSEN: chosen, OUTPUT: layers[-1]}.get(at, at)
    if name not in layers:
        raise UnknownNameError("layer", name, (*layers, CHOSEN, OUTPUT), hint="in an outcome of the study")
    return name


def _view(sides: Mapping[Split, Sides], data: Mapping[Split, PairData], depth: int) -> LayerView:
    control = sides[Split.CONTROL]
    around = [torch.cat([getattr(sides[s], side)[depth] for s in (Split.TRAIN, Split.DEV)]) for side in _SIDES]
    return LayerView(
        control.source[depth], control.target[depth], gold=data[Split.CONTROL].gold, centre=centre(*around)
    )
