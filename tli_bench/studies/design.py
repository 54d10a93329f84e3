"""A study's design: arms, words, seeds and, before anything runs, the primary outcome, the contrasts and their correction."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from tli_bench.base.declared import Declared, why
from tli_bench.base.errors import InputError, UnknownNameError
from tli_bench.base.frozen import TrainingSeed
from tli_bench.base.yamls import read_yaml
from tli_bench.downstream.scorers.titles import TITLES
from tli_bench.languages import pair_id, resolve_pair
from tli_bench.measures.registry import get_measure
from tli_bench.measures.roles import HEADLINE
from tli_bench.training.recipe import Recipe, load_recipe

CHOSEN, OUTPUT = "chosen", "output"
BASE, TWIN = "base", "twin"
COVARIATES = ("lexical distance", "family", "script")
"""What is known of every pair; columns of the file of URIEL distances come after them."""


class Arm(Declared):
    """One way to train. changes: recipe keys other than the recipe has; learning_rates: those tried, on dev words alone.

    ranks, layers: of the LoRA and of the loss, each a setting of its own; without them those of the recipe.
    """

    recipe: str
    changes: dict[str, Any] = Field(default_factory=dict)
    ranks: tuple[int, ...] = ()
    layers: tuple[str, ...] = ()
    learning_rates: tuple[float, ...] = Field(min_length=1)

    @field_validator("layers", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        return tuple(str(one) for one in value) if isinstance(value, list | tuple) else value

    @property
    def start(self) -> Recipe:
        """The recipe with the arm's changes; raises UnknownNameError and InputError for what does not fit."""
        recipe = load_recipe(self.recipe)
        changed = recipe.with_options(where=f"changes to {self.recipe}", **self.changes)
        return changed.model_copy(update={"name": self.changes.get("name", recipe.name)})

    def require_sound(self, name: str) -> None:
        """Raise InputError for a rank, layer or rate that the recipe does not take, that stands twice, or that a change also sets."""
        start = self.start
        for key, option, values in (
            ("ranks", "rank", self.ranks),
            ("layers", "layer", self.layers),
            ("learning_rates", "learning_rate", self.learning_rates),
        ):
            if values and option in self.changes:
                raise InputError(
                    f"arm {name}: {key} are what varies, so {option} in `changes` does nothing; leave it out"
                )
            for value in values:
                start.with_options(where=f"arm {name}, {key}", **{option: value})
            _require_once(f"arm {name}: {key}", values)


class Outcome(Declared):
    """What is looked at: a measure of the control words of every scored pair, or a metric of downstream tasks.

    at: of a measure, `chosen` (by dev words, for each state by itself), `output` or the name of a layer.
    """

    name: str = Field(pattern=r"^[\w .+-]{1,60}$")
    measure: str = ""
    at: str = CHOSEN
    tasks: tuple[str, ...] = ()
    metric: str = ""

    @model_validator(mode="after")
    def _one_kind(self) -> "Outcome":
        if bool(self.measure) == bool(self.tasks) or bool(self.tasks) != bool(self.metric):
            raise ValueError(f"outcome {self.name!r} needs either `measure`, or `tasks` and their `metric`")
        if self.measure:
            get_measure(self.measure)
        return self

    @property
    def label(self) -> str:
        """What tables call it."""
        if self.tasks:
            return f"{TITLES.get(self.metric, self.metric)}, {self.name}"
        where = {CHOSEN: "layer by dev", OUTPUT: "output"}.get(self.at, f"layer {self.at}")
        return f"{get_measure(self.measure).label}, {where}"


class Selector(Declared):
    """Settings of one arm: all of them, or those of one rank or layer; their mean where there are several."""

    arm: str
    rank: int | None = None
    layer: str | None = None


class Contrast(Declared):
    """One comparison: `of` minus `against`, or the slope of `of` over log2 of the rank. net: both sides net of their twins."""

    name: str = Field(min_length=1, max_length=100)
    of: Selector
    against: Selector | Literal["base", "twin"] = "base"
    slope: bool = False
    net: bool = False

    @model_validator(mode="after")
    def _sensible(self) -> "Contrast":
        if self.net and self.against == TWIN:
            raise ValueError(f"contrast {self.name!r}: against the twin is net already; leave out one of the two")
        if self.slope and (self.against != BASE or self.of.rank is not None):
            raise ValueError(f"contrast {self.name!r}: a slope is over all ranks of one arm, against nothing else")
        return self


class Rates(Declared):
    """What is expected of one model before there are points. source: where the figures come from.

    word_sd: standard deviation over words of the pseudo-values of a difference between two settings, mean over pairs and runs;
    run_sd: between trainings of one setting. seconds: of one training with its scoring; task_seconds: of all tasks of one setting.
    parameters: of the model, from which memory follows; documents: independent ones in the tasks of the primary outcome.
    """

    word_sd: float | None = Field(None, gt=0)
    run_sd: float | None = Field(None, ge=0)
    seconds: float | None = Field(None, gt=0)
    task_seconds: float | None = Field(None, gt=0)
    memory_gb: float | None = Field(None, gt=0)
    parameters: float | None = Field(None, gt=0)
    documents: int | None = Field(None, gt=1)
    source: str = Field(min_length=5)


class Design(Declared):
    """A study. primary, contrasts, correction and smallest_effect are what is declared before anything runs.

    models: bases, each with points and a page of its own. trained, scored: language pairs; one training per trained pair, seed and
    setting, scored on all. twins: the same on shuffled pairs; placebos: random adapters of the size of a setting's first one.
    text: measure what the perplexity of text that the base writes rises by. correction: of the contrasts' intervals. smallest_effect:
    of the primary outcome, in its units. document_limit: of each task.
    uriel: a CSV with the columns `pair` and one for each distance. rates: by model. smoke: a test of the machinery, never an answer.
    """

    name: str = Field(pattern=r"^[\w.-]{1,60}$")
    question: str = Field(min_length=10, max_length=500)
    change_my_mind: str = Field(min_length=10, max_length=600)
    models: tuple[str, ...] = Field(min_length=1)
    lexicon: str = "core"
    arms: dict[str, Arm] = Field(min_length=1)
    trained: tuple[str, ...] = Field(min_length=1)
    scored: tuple[str, ...] = Field(min_length=1)
    seeds: tuple[TrainingSeed, ...] = Field(min_length=1)
    twins: bool = True
    placebos: int = Field(0, ge=0, le=100)
    text: bool = True
    primary: Outcome | None = None
    secondary: tuple[Outcome, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    correction: Literal["max-t", "bonferroni"] = "max-t"
    smallest_effect: float | None = Field(None, gt=0)
    covariates: tuple[str, ...] = ()
    uriel: Path | None = None
    document_limit: int | None = Field(None, ge=1)
    chat_template: Literal["auto", "on", "off"] = "auto"
    rates: dict[str, Rates] = Field(default_factory=dict)
    smoke: bool = False

    @field_validator("trained", "scored")
    @classmethod
    def _pairs(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(pair_id(*resolve_pair(pair)) for pair in value))

    @model_validator(mode="after")
    def _known(self) -> "Design":
        for key in ("models", "seeds"):
            _require_once(key, getattr(self, key))
        for name, arm in self.arms.items():
            arm.require_sound(name)
            if arm.start.kind == "full" and arm.ranks:
                raise ValueError(f"arm {name} trains all weights, which have no rank; leave out `ranks`")
        names = [one.name for one in (*((self.primary,) if self.primary else ()), *self.secondary)]
        if len(set(names)) < len(names):
            raise ValueError("two outcomes have one name; give each its own")
        if len({contrast.name for contrast in self.contrasts}) < len(self.contrasts):
            raise ValueError("two contrasts have one name; give each its own")
        for contrast in self.contrasts:
            self._check(contrast)
        for name in self.covariates if self.uriel is None else ():
            if name not in COVARIATES:
                raise UnknownNameError("covariate", name, COVARIATES, hint="or give a file of distances as `uriel`")
        return self

    def _check(self, contrast: Contrast) -> None:
        sides = [contrast.of, *([contrast.against] if isinstance(contrast.against, Selector) else [])]
        if contrast.of == contrast.against:
            raise ValueError(
                f"contrast {contrast.name!r}: both sides are the same; name another arm, rank or layer in `against`"
            )
        for side in sides:
            if side.arm not in self.arms:
                raise UnknownNameError("arm", side.arm, self.arms, hint=f"in contrast {contrast.name!r}")
            arm = self.arms[side.arm]
            if side.rank is not None and side.rank not in arm.ranks:
                raise ValueError(
                    f"contrast {contrast.name!r}: arm {side.arm} has no rank {side.rank} among {arm.ranks}"
                )
            if side.layer is not None and side.layer not in arm.layers:
                raise ValueError(
                    f"contrast {contrast.name!r}: arm {side.arm} has no layer {side.layer} among {arm.layers}"
                )
        if contrast.slope and len(self.arms[contrast.of.arm].ranks) < 2:
            raise ValueError(f"contrast {contrast.name!r}: a slope needs an arm with at least two ranks")
        if not self.twins and (contrast.net or contrast.against == TWIN):
            raise ValueError(f"contrast {contrast.name!r} needs twins; set `twins: true`")

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The primary one first."""
        return (*((self.primary,) if self.primary else ()), *self.secondary)

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of all downstream tasks."""
        return tuple(dict.fromkeys(task for outcome in self.outcomes for task in outcome.tasks))

    @property
    def asks(self) -> bool:
        """Whether anything is asked of a training after its rate was chosen, so that it must be kept until then."""
        return bool(self.tasks or self.placebos)

    @property
    def declared(self) -> Outcome:
        """The primary outcome; raises InputError where none is declared."""
        if self.primary is None:
            raise InputError(
                f"study {self.name} declares no primary outcome: add `primary` with, for instance, `measure: {HEADLINE}`, before "
                "anything runs"
            )
        return self.primary

    @property
    def digest(self) -> str:
        """SHA-256 of what the design says, whatever its comments and the order of its keys."""
        named = {"uriel": self.uriel and self.uriel.name}  # wherever its folder lies
        said = json.dumps(self.model_dump(mode="json") | named, sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()


def _require_once(what: str, values: Sequence[Any]) -> None:
    """Raise InputError for a value that stands twice: one training would count as two."""
    for value in values:
        if values.count(value) > 1:
            raise InputError(f"{what}: {value} stands twice; leave one of them out")


def describes(outcome: Outcome) -> bool:
    """Whether an outcome is a measure that is neither good nor bad, raw geometry above all: nothing is concluded from it."""
    return bool(outcome.measure) and get_measure(outcome.measure).higher_is_better is None


def load_design(path: Path) -> Design:
    """A design from YAML; raises UnknownNameError for an unknown key, InputError for a value that does not fit."""
    data = read_yaml(path)
    for key in data:
        if key not in Design.model_fields:
            raise UnknownNameError("study key", str(key), Design.model_fields, hint=f"in {path}")
    if isinstance(data.get("uriel"), str):
        data["uriel"] = path.parent / data["uriel"]
    try:
        return Design.model_validate({"name": path.stem, **data})
    except ValidationError as err:
        raise InputError(f"{path}: {why(err)}") from err


def exploratory(now: Design, registered: Design) -> tuple[str, ...]:
    """What `now` declares that was not declared when the first point was made, each as a name that pages mark.

    Outcomes and contrasts by name; `design` where what every comparison depends on was changed.
    """
    outcomes = {one.name: one for one in registered.outcomes}
    contrasts = {one.name: one for one in registered.contrasts}
    added = [one.name for one in now.outcomes if outcomes.get(one.name) != one]
    added += [one.name for one in now.contrasts if contrasts.get(one.name) != one]
    fixed = (
        "primary",
        "correction",
        "smallest_effect",
        "arms",
        "trained",
        "scored",
        "seeds",
        "lexicon",
        "document_limit",
    )
    return (*added, *(f"design: {key}" for key in fixed if getattr(now, key) != getattr(registered, key)))
