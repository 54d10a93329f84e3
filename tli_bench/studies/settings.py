"""What a design trains: its settings, and the jobs that are their trainings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tli_bench.studies.design import Arm, Contrast, Design, Selector
from tli_bench.training.recipe import Recipe

Kind = Literal["base", "right", "shuffled"]


@dataclass(frozen=True, slots=True, order=True)
class Setting:
    """One cell of the design: an arm at one rank and one layer; None and empty where the recipe's own stay."""

    arm: str
    rank: int | None = field(default=None, compare=True)
    layer: str = ""

    @property
    def label(self) -> str:
        """What tables call it."""
        rank = f", rank {self.rank}" if self.rank is not None else ""
        return f"{self.arm}{rank}{f', layer {self.layer}' if self.layer else ''}"


@dataclass(frozen=True, slots=True)
class Job:
    """One training of the design; of the base none of it."""

    setting: Setting
    learning_rate: float
    pair: str
    seed: int
    kind: Kind


def settings_of(design: Design) -> list[Setting]:
    """Every cell, arms in the order of the design."""
    return [
        Setting(name, rank, layer)
        for name, arm in design.arms.items()
        for layer in arm.layers or ("",)
        for rank in arm.ranks or (None,)
    ]


def recipe_of(design: Design, job: Job) -> Recipe:
    """The recipe of one training; raises InputError for a value that does not fit."""
    arm: Arm = design.arms[job.setting.arm]
    chosen: dict[str, Any] = {
        "rank": job.setting.rank,
        "layer": job.setting.layer or None,
        "learning_rate": job.learning_rate,
        "shuffle_pairs": True if job.kind == "shuffled" else None,
    }
    return arm.start.with_options(**chosen)


def tries_of(design: Design) -> list[Job]:
    """The trainings that choose each setting's learning rate: every rate on every trained pair, with the first seed."""
    return [
        Job(setting, rate, pair, design.seeds[0], "right")
        for setting in settings_of(design)
        for rate in design.arms[setting.arm].learning_rates
        for pair in design.trained
    ]


def runs_of(design: Design, rates: Mapping[Setting, float]) -> list[Job]:
    """The trainings that are analysed: each setting at its chosen rate on every pair and seed, then their twins."""
    kinds: Sequence[Kind] = ("right", "shuffled") if design.twins else ("right",)
    return [
        Job(setting, rate, pair, seed, kind)
        for seed in design.seeds
        for kind in kinds
        for setting, rate in rates.items()
        for pair in design.trained
    ]


def selected(settings: Sequence[Setting], selector: Selector) -> list[int]:
    """Places of the settings that a selector names."""
    return [
        place
        for place, one in enumerate(settings)
        if one.arm == selector.arm and selector.rank in (None, one.rank) and selector.layer in (None, one.layer)
    ]


def label_of(contrast: Contrast) -> str:
    """A contrast as a sentence's subject, its name with what it is net of."""
    return f"{contrast.name}{' (net of twins)' if contrast.net and 'net of twin' not in contrast.name else ''}"
