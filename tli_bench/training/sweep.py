"""A sweep: every combination of a grid, seed and pair trained on one loaded base; each point is written when done."""

import hashlib
import itertools
import json
import math
import os
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from tli_bench.base.declared import Declared, why
from tli_bench.base.errors import InputError, OutputError, ResultError, UnknownNameError, reason_of
from tli_bench.base.files import put_away, write_text
from tli_bench.base.frozen import TrainingSeed
from tli_bench.base.jsons import read_json
from tli_bench.base.yamls import read_yaml
from tli_bench.languages import default_pair, pair_id, resolve_pair
from tli_bench.lexicon.pairs import Split
from tli_bench.models import LoadedModel, LoadOptions, attach_adapter, inspect_adapter, load_model
from tli_bench.models.fingerprint import hash_file
from tli_bench.models.types import Model
from tli_bench.records.seal import unchanged, with_hash
from tli_bench.training.budget import Budget
from tli_bench.training.data import split_data
from tli_bench.training.recipe import Recipe, load_recipe, require_one_length
from tli_bench.training.retention import perplexity_rise, sample_text
from tli_bench.training.scoring import Curves, curves_of, sides_of
from tli_bench.training.train import train_adapter
from tli_bench.training.words import TrainingWords

POINT_VERSION = 2
MOST_POINTS = 100_000
"""Of a sweep, before equal ones are left out."""
HELD_OUT = 2**31 - 1
"""Seed of the text on which `text_limit` is checked: no training samples its own with it."""
UNTRAINED = frozenset({"name", "summary", "report_to"})
"""Recipe keys that decide no number: in a grid they would give one training several times."""
# Full fine-tuning has none of these: a grid over them is one point there, not several equal ones.
LORA_KEYS = frozenset({"rank", "alpha", "dropout", "modules", "blocks", "dora", "rslora"})


Splits = dict[Split, Curves]
"""What was scored: always the dev words, which choose, and the control words where they are shown too."""


class SweepSpec(Declared):
    """What a sweep runs.

    recipes: where each point starts from; grid: recipe keys with the values to combine; seeds, pairs: crossed with
    all of them. Keys that concern LoRA are left out where all weights are trained. keep_adapters: keep every trained
    adapter or model next to its record. retain_text: for points with retention.

    Settings are compared on dev words only, at `layer` (`output`, `loss` or a layer's name). control: score the control
    words too, to be shown next to them. text_limit: by what share the perplexity of text that the base itself writes may
    rise; a setting beyond it is not chosen.
    """

    name: str = Field(pattern=r"^[\w.-]+$")
    model: str = "tiny"
    lexicon: str = "core"
    pairs: tuple[str, ...] = Field(default_factory=lambda: (default_pair(),))
    recipes: tuple[str, ...] = ("tli",)
    grid: dict[str, tuple[Any, ...]] = Field(default_factory=dict)
    seeds: tuple[TrainingSeed, ...] = (0,)
    keep_adapters: bool = False
    retain_text: Path | None = None
    layer: str = "output"
    control: bool = True
    text_limit: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _known(self) -> "SweepSpec":
        for key, values in self.grid.items():
            if key not in Recipe.model_fields or key in UNTRAINED:
                known = Recipe.model_fields.keys() - UNTRAINED
                raise UnknownNameError("recipe key", key, known, hint="in the grid of a sweep")
            if not values:
                raise ValueError(f"grid key {key} has no values; give a list such as [4, 16]")
        require_one_length(self.grid, "the grid of a sweep")
        if not (self.pairs and self.recipes and self.seeds):
            raise ValueError("pairs, recipes and seeds must each hold at least one entry")
        for recipe in self.recipes:
            load_recipe(recipe)
        return self


@dataclass(frozen=True, slots=True)
class Unit:
    """One point to train. settings: what the grid chose, as text for people."""

    recipe: Recipe
    settings: dict[str, str]
    pair: str
    seed: int


@dataclass(frozen=True, slots=True)
class Point:
    """One trained point. loss_layers: of the loss. base, adapted: measures by layer name of each split that was scored.

    text: rise of the perplexity of ordinary text, as a share, None where it was not asked for. identity: everything that
    decides the numbers, from which the file's name is made.
    """

    settings: dict[str, str]
    recipe: str
    pair: str
    seed: int
    loss_layers: tuple[str, ...]
    budget: Budget
    base: Splits
    adapted: Splits
    text: float | None
    identity: dict[str, Any]


Done = Callable[[Point, bool], None]


def load_spec(path: Path) -> SweepSpec:
    """A sweep's specification from YAML; raises UnknownNameError for an unknown key, InputError for a bad value."""
    data = read_yaml(path)
    for key in data:
        if key not in SweepSpec.model_fields:
            raise UnknownNameError("sweep key", str(key), SweepSpec.model_fields, hint=f"in {path}")
    try:
        return SweepSpec.model_validate({"name": path.stem, **data})
    except ValidationError as err:
        raise InputError(f"{path}: {why(err)}") from err


def units_of(spec: SweepSpec) -> list[Unit]:
    """Every point of the specification, seeds innermost; raises InputError for a combination that cannot work."""
    count = math.prod(map(len, (spec.pairs, spec.recipes, spec.seeds, *spec.grid.values())))
    if count > MOST_POINTS:
        raise InputError(
            f"sweep {spec.name} has {count:,} combinations; at most {MOST_POINTS:,} are made, so shorten the grid"
        )
    units: dict[Hashable, Unit] = {}
    starts = {name: load_recipe(name) for name in spec.recipes}
    pairs = {pair: pair_id(*resolve_pair(pair)) for pair in spec.pairs}
    for pair, name, values in itertools.product(spec.pairs, spec.recipes, itertools.product(*spec.grid.values())):
        chosen = dict(zip(spec.grid, values, strict=True))
        start = starts[name]
        if chosen.get("kind", start.kind) == "full":
            chosen = {key: value for key, value in chosen.items() if key not in LORA_KEYS}
        recipe = start.with_options(where=f"the grid of sweep {spec.name} on recipe {name}", **chosen)
        settings = {"recipe": name} | {key: _text(value) for key, value in chosen.items()}
        for seed in spec.seeds:
            unit = Unit(recipe, settings, pairs[pair], seed)
            units.setdefault((recipe, *settings.items(), unit.pair, seed), unit)
    return list(units.values())


def require_inputs(spec: SweepSpec) -> None:
    """Raise LexiconError or InputError for a word list or a text that is not there, before a model is loaded."""
    for pair in dict.fromkeys(spec.pairs):
        TrainingWords.load(spec.lexicon, pair)
    if spec.retain_text and not spec.retain_text.is_file():
        raise InputError(
            f"retain_text {spec.retain_text}: no such file; paths of a sweep's file are taken from the current folder"
        )


def run_sweep(
    spec: SweepSpec,
    loaded: LoadedModel,
    output: Path,
    *,
    units: Sequence[Unit] | None = None,
    on_point: Done | None = None,
) -> list[Point]:
    """Train and score every point that `output` does not hold yet; `on_point(point, reused)` is called for each.

    units: some of the specification's points, all by default.

    Dev and control words are scored as the default protocol frames them, however a recipe frames those it trains on.

    loaded: the base of the specification, loaded once. Adapters are swapped on it; where all weights are trained they
    are put back after each point. Raises OutputError when the disk refuses, ResultError for a record that cannot be
    read, and whatever a training raises.
    """
    runner, points = SweepRunner(spec, loaded, output), []
    for unit in units_of(spec) if units is None else units:
        point, reused = runner.run(unit)
        points.append(point)
        if on_point:
            on_point(point, reused)
    return points


class SweepRunner:
    """Trains and scores points of a sweep one at a time on one loaded base; several may work on one folder."""

    def __init__(self, spec: SweepSpec, loaded: LoadedModel, output: Path) -> None:
        self._spec, self._output = spec, output
        self._judge = _Judge(loaded, spec)

    def run(self, unit: Unit) -> tuple[Point, bool]:
        """The point, and whether it was there already; written as soon as it is done. Raises as `run_sweep` does."""
        spec, judge = self._spec, self._judge
        identity = _identity(unit, spec, judge.loaded, judge.words(unit.pair))
        key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
        path = self._output / "points" / f"{key}.json"
        if path.is_file():
            # Another grid may have trained the same under other words.
            return replace(read_point(path), settings=unit.settings, recipe=unit.recipe.name), True
        folder = self._output / "adapters" / key
        point = _run(unit, judge, folder, identity=identity)
        with nullcontext() if spec.keep_adapters else put_away(folder):
            write_point(path, point)
        return point, False


@dataclass(frozen=True, slots=True)
class SweepWork:
    """A sweep as workers are sent it; their units are those of `units_of`. options: as `LoadOptions` takes them."""

    spec: dict[str, Any]
    output: str
    options: dict[str, Any]

    def open(self) -> Callable[[Unit], tuple[Point, bool]]:
        """Load the base; what is returned trains and scores one unit, or reads it back."""
        spec = SweepSpec.model_validate(self.spec)
        return SweepRunner(spec, load_model(spec.model, LoadOptions(**self.options)), Path(self.output)).run


class _Judge:
    """What every point of a sweep is scored by; the base is scored once a pair."""

    def __init__(self, loaded: LoadedModel, spec: SweepSpec) -> None:
        self.loaded, self.spec = loaded, spec
        self._words: dict[str, TrainingWords] = {}
        self._base: dict[str, Splits] = {}

    def words(self, pair: str) -> TrainingWords:
        if pair not in self._words:
            self._words[pair] = TrainingWords.load(self.spec.lexicon, pair)
        return self._words[pair]

    def base(self, pair: str) -> Splits:
        """Curves of the untrained base."""
        if pair not in self._base:
            self._base[pair] = self.curves(self.loaded.model, pair)
        return self._base[pair]

    def curves(self, model: Model, pair: str) -> Splits:
        """Curves of the dev words, and of the control words where they are asked for; each is centred by the others."""
        asked = (Split.TRAIN, Split.DEV, *([Split.CONTROL] if self.spec.control else []))
        data = {split: split_data(self.words(pair), split, self.loaded.tokenizer, at_least=2) for split in asked}
        sides = {split: sides_of(model, words) for split, words in data.items()}
        others = {Split.DEV: [sides[Split.TRAIN]], Split.CONTROL: [sides[Split.TRAIN], sides[Split.DEV]]}
        return {split: curves_of(sides[split], data[split].gold, others[split]) for split in asked[1:]}

    def text(self, model: Model, kind: str) -> float | None:
        """Rise of the perplexity of text that the base writes; None where there is no limit to it."""
        if self.spec.text_limit is None:
            return None
        return perplexity_rise(model, self._text, base=self.loaded.model if kind == "full" else None)

    @cached_property
    def _text(self) -> tuple[tuple[int, ...], ...]:
        return sample_text(self.loaded.model, self.loaded.tokenizer, seed=HELD_OUT)


def _run(unit: Unit, judge: _Judge, folder: Path, *, identity: dict[str, Any]) -> Point:
    loaded, pair = judge.loaded, unit.pair
    base, text = judge.base(pair), _retain_text(unit, judge.spec)
    result = train_adapter(
        loaded, pair, unit.recipe, folder, lexicon=judge.words(pair), seed=unit.seed, retain_text=text
    )
    with trained(loaded, folder, unit.recipe.kind) as model:
        curves, rise = judge.curves(model, pair), judge.text(model, unit.recipe.kind)
    return Point(
        settings=unit.settings,
        recipe=unit.recipe.name,
        pair=unit.pair,
        seed=unit.seed,
        loss_layers=result.layers,
        budget=Budget(result.parameters, result.steps, result.words_seen),
        base=base,
        adapted=curves,
        text=rise,
        identity=identity,
    )


@contextmanager
def trained(loaded: LoadedModel, folder: Path, kind: str) -> Iterator[Model]:
    """What was saved in `folder`: an adapter on the loaded base, or a model of its own."""
    if kind == "full":
        yield load_model(str(folder), LoadOptions(dtype=loaded.dtype, device=loaded.device)).model
        return
    flags = {name: parameter.requires_grad for name, parameter in loaded.model.named_parameters()}
    model, _ = attach_adapter(loaded, inspect_adapter(str(folder)))
    try:
        yield model
    finally:
        model.unload()
        for name, parameter in loaded.model.named_parameters():
            parameter.requires_grad_(flags[name])


def _retain_text(unit: Unit, spec: SweepSpec) -> Path | None:
    return spec.retain_text if unit.recipe.retention != "none" else None


def _identity(unit: Unit, spec: SweepSpec, loaded: LoadedModel, words: TrainingWords) -> dict[str, Any]:
    text = _retain_text(unit, spec)
    return {
        "point_version": POINT_VERSION,
        "scored": {"control": spec.control, "text": spec.text_limit is not None},
        "base": [loaded.id, loaded.revision, loaded.dtype, loaded.quantization],
        "lexicon": [words.name, words.content_hash],
        "pair": unit.pair,
        "seed": unit.seed,
        "text": hash_file(text) if text and text.is_file() else None,
        "recipe": unit.recipe.model_dump(mode="json", exclude=set(UNTRAINED)),
    }


def write_point(path: Path, point: Point) -> None:
    """Write a point with its hash, atomically."""
    data = {"point_version": POINT_VERSION} | asdict(point) | {"budget": point.budget._asdict()}
    write_text(path, json.dumps(with_hash(data), indent=1) + "\n")


def read_point(path: Path) -> Point:
    """A point from its file; raises ResultError when it cannot be read, is of another version or was changed after it was written."""
    try:
        data = read_json(path)
        if not isinstance(data, dict):
            raise ResultError(
                f"{path} holds a {type(data).__name__}, not a sweep point; delete it to have it trained again"
            )
        data = unchanged(data, where=str(path))
        version = data.pop("point_version", None)
        if version == 1:
            raise ResultError(
                f"{path} is not a sweep point of this version: it holds control words only, and settings are chosen by dev "
                "words; delete it to have it trained again"
            )
        if version != POINT_VERSION:
            raise ResultError(f"{path} is of another version; delete it to have the point trained again")
        return TypeAdapter(Point).validate_python(data)
    except (OSError, ValueError) as err:
        raise ResultError(
            f"{path} is not a sweep point ({reason_of(err)}); delete it to have it trained again"
        ) from err


def read_points(output: Path) -> Iterator[Point]:
    """Every point under the output folder of a sweep, in the order of their file names."""
    if not os.path.isdir(output / "points"):
        raise OutputError(f"{output} holds no sweep (no folder `points` in it)")
    for path in sorted((output / "points").glob("*.json")):
        yield read_point(path)


def _text(value: Any) -> str:
    return ",".join(str(v) for v in value) if isinstance(value, list | tuple) else str(value)
