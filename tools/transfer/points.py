"""One point of a transfer matrix: a training on one pair, and the scores of all pairs with it."""

import json
import shutil
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from tli_bench.base.files import write_text
from tli_bench.lexicon import load_lexicon
from tli_bench.lexicon.trained import Trained
from tli_bench.lexicon.unseen import seen_control
from tli_bench.measures.roles import HEADLINE
from tli_bench.models import LoadedModel, attach_adapter, inspect_adapter
from tli_bench.models.types import Model
from tli_bench.studies.design import Outcome
from tli_bench.studies.words import WordScorer, WordScores
from tli_bench.training import Recipe, train_adapter
from tli_bench.training.errors import CollapsedError
from tli_bench.training.retention import perplexity_rise, sample_text, writes_text
from tli_bench.training.sweep import HELD_OUT
from tli_bench.training.words import TrainingWords

Kind = Literal["base", "right", "shuffled", "placebo"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to train. pair: empty for the base as it is; kind: on right pairs, or the same recipe on shuffled ones.

    A placebo is not trained: an adapter of random weights, which has no pair either; seed: its number.
    """

    pair: str
    seed: int
    kind: Kind

    @property
    def name(self) -> str:
        """Of its file."""
        return f"{self.pair or 'base'}-{self.kind}-{self.seed}"


@dataclass(frozen=True, slots=True)
class Scored:
    """One pair. chosen: the layer by dev words; the headline's pseudo-values of its control words, there and at the output."""

    concepts: tuple[str, ...]
    chosen: str
    at_chosen: tuple[float, ...]
    at_output: tuple[float, ...]
    dev_at_chosen: float


@dataclass(frozen=True, slots=True)
class Point:
    """What a training gave every pair.

    seen: by pair, control concepts that are no unseen words, because sentences that were trained on hold them.
    text: rise of the perplexity of text that the base writes, as a share; None where the model writes none. collapsed: why there
    are no scores, where the training collapsed.
    """

    model: str
    revision: str
    device: str
    recipe: dict[str, object]
    lexicon: str
    pair: str
    seed: int
    kind: Kind
    steps: int
    parameters: int
    seconds: float
    scored: dict[str, Scored]
    text: float | None = None
    collapsed: str = ""
    seen: dict[str, tuple[str, ...]] = field(default_factory=dict)


def score_pairs(model: Model, loaded: LoadedModel, pairs: Iterable[str]) -> dict[str, Scored]:
    """The control words of each pair, as a study scores them, at the layer that dev words choose and at the output."""
    found = WordScorer(loaded).score(model, [load_lexicon("core", pair=pair) for pair in pairs], _PLACES)
    return {pair: _scored(words) for pair, words in found.items()}


def _scored(words: WordScores) -> Scored:
    chosen, output = (words.columns[place.name] for place in _PLACES)
    return Scored(chosen.ids, words.chosen, chosen.values, output.values, words.dev)


_PLACES = (Outcome(name="chosen", measure=HEADLINE), Outcome(name="output", measure=HEADLINE, at="output"))


@dataclass(frozen=True, slots=True)
class Texts:
    """Files of text beside the words. parallel: sentences to train on; alone: nothing else; retain: what retention holds."""

    parallel: Path | None = None
    alone: bool = False
    retain: Path | None = None


def make_point(
    wanted: Wanted,
    loaded: LoadedModel,
    recipe: Recipe,
    pairs: tuple[str, ...],
    folder: Path,
    *,
    texts: Texts | None = None,
    keep: bool = False,
) -> Point:
    """Train what is wanted, score every pair with it, and write the point into `folder`; keep: leave the adapter there, too."""
    if wanted.kind == "base":
        return untrained_point(wanted, loaded, loaded.model, pairs, folder)
    texts, began, shared = texts or Texts(), time.perf_counter(), _shared(wanted, loaded)
    chosen = recipe.model_copy(update={"shuffle_pairs": wanted.kind == "shuffled"})
    place = folder / "adapters" / wanted.name
    shared["recipe"] = chosen.model_dump(mode="json", exclude={"summary", "report_to"})
    try:
        words = TrainingWords.load("core", wanted.pair, parallel=texts.parallel, alone=texts.alone)
        if words.sentences:
            shared["seen"] = _seen(words.trained, pairs)
        result = train_adapter(
            loaded, wanted.pair, chosen, place, lexicon=words, seed=wanted.seed, retain_text=texts.retain
        )
    except CollapsedError as err:
        told: dict[str, Any] = {"steps": 0, "parameters": 0, "scored": {}, "collapsed": str(err)}
        point = Point(**shared, **told, seconds=time.perf_counter() - began)
    else:
        model, _ = attach_adapter(loaded, inspect_adapter(str(place)))
        scored = score_pairs(model, loaded, pairs)
        text = _text(model, loaded)
        model.unload()
        told = {"steps": result.steps, "parameters": result.parameters, "text": text}
        point = Point(**shared, **told, scored=scored, seconds=time.perf_counter() - began)
    if not keep:
        shutil.rmtree(place, ignore_errors=True)
    return _written(point, wanted, folder)


def untrained_point(wanted: Wanted, loaded: LoadedModel, model: Model, pairs: tuple[str, ...], folder: Path) -> Point:
    """Score every pair with a model that nobody trained, the base or a placebo on it, and write the point into `folder`."""
    began = time.perf_counter()
    scored = score_pairs(model, loaded, pairs)
    seconds = time.perf_counter() - began
    point = Point(**_shared(wanted, loaded), recipe={}, steps=0, parameters=0, seconds=seconds, scored=scored)
    return _written(point, wanted, folder)


def _shared(wanted: Wanted, loaded: LoadedModel) -> dict[str, Any]:
    facts = {"model": loaded.id, "revision": loaded.revision, "device": loaded.device}
    return facts | {"lexicon": load_lexicon("core").version} | asdict(wanted)


def _written(point: Point, wanted: Wanted, folder: Path) -> Point:
    write_text(folder / "points" / f"{wanted.name}.json", json.dumps(asdict(point)) + "\n")
    return point


def _seen(trained: Trained, pairs: Iterable[str]) -> dict[str, tuple[str, ...]]:
    return {pair: tuple(seen_control(load_lexicon("core", pair=pair), trained)) for pair in pairs}


def _text(model: Model, loaded: LoadedModel) -> float | None:
    if not writes_text(loaded.model, loaded.tokenizer):
        return None
    return perplexity_rise(model, sample_text(loaded.model, loaded.tokenizer, seed=HELD_OUT), base=None)
