"""The published TLI experiment next to its artefacts: pilot and evaluation protocols from one pass over the same words.

The two differ in one thing: the pilot's mean includes the BOS position, the evaluation's leaves it out.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from tli_bench.base.errors import InputError
from tli_bench.config.run import RunConfig
from tli_bench.languages import default_pair
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.measure import Measure, Place
from tli_bench.measures.registry import get_measure, list_measures
from tli_bench.measures.roles import DESCRIPTIONS, HEADLINE
from tli_bench.plugin.lm import TLIModel
from tli_bench.plugin.run import run_tasks
from tli_bench.plugin.tasks import AlignmentTask
from tli_bench.records.comparison import comparison
from tli_bench.records.schema import Comparison, Contrast, RunRecord

SOURCE = "arXiv 2506.15415 (Targeted Lexical Injection, 2025), Lugha-Llama-8B-wura, Swahili-English"
REPORTED = "cosine"
"""The one measure that was published."""
PUBLISHED_LAYER = "2"
PUBLISHED_PILOT = {"0": 0.3153, "1": 0.9808, "2": 0.99998, "31": 0.9876}
"""Mean cosine by layer, BOS included."""


def shown_measures(headline: str = HEADLINE) -> list[Measure]:
    """The published figure, what it lacks to mean anything, and what conclusions are drawn from: `headline` for the usual one."""
    summary = (headline if m.name == HEADLINE else m.name for m in list_measures(Place.SUMMARY))
    return [get_measure(name) for name in dict.fromkeys((*DESCRIPTIONS, *summary))]


@dataclass(frozen=True, slots=True)
class Published:
    """One published before/after comparison at layer 2, BOS left out."""

    n: int
    before: float
    after: float
    percent: float
    p: float


PUBLISHED_EVALUATION = {
    Split.TRAIN: Published(623, 0.3211, 0.4113, 28.08, 1.33e-240),
    Split.CONTROL: Published(63, 0.3143, 0.4033, 28.32, 7.17e-27),
}


@dataclass(frozen=True, slots=True)
class PilotRow:
    """One layer of the base model. reported: published figure for that layer, None for most layers.

    inside, outside: by measure, with the first position in the mean and without it; sink_ratio: norm of position 0 over
    the median. None where unscored.
    """

    layer: str
    reported: float | None
    inside: dict[str, float | None]
    outside: dict[str, float | None]
    sink_ratio: float | None

    def to_json(self) -> dict[str, Any]:
        """One key for each measure, `cosine` and `cosine_without`."""
        values = {
            name + suffix: value
            for suffix, found in (("", self.inside), ("_without", self.outside))
            for name, value in found.items()
        }
        return {"layer": self.layer, **values, "sink_ratio": self.sink_ratio}


@dataclass(frozen=True, slots=True)
class EvaluationRow:
    """One split at one layer under the evaluation protocol. changes: by measure, None without an adapter."""

    split: Split
    reported: Published
    n: int
    before: float | None
    changes: dict[str, Comparison | None]

    @property
    def percent(self) -> float | None:
        """Change of the mean cosine in percent, as published; None without an adapter or a positive mean before."""
        change = self.changes[REPORTED]
        return None if change is None or change.before <= 0 else 100 * change.difference / change.before

    def to_json(self) -> dict[str, Any]:
        """The change of each measure under its name."""
        changes = {name: None if c is None else c.model_dump(mode="json") for name, c in self.changes.items()}
        return {"split": self.split.value, "n": self.n, "before": self.before, "percent": self.percent, **changes}


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Both protocols on one model: their records, and the layer of the evaluation."""

    layer: str
    pilot: RunRecord
    evaluation: RunRecord

    @property
    def headline(self) -> str:
        """What decides about the control words, or about the words there are."""
        return self.evaluation.headline_of(self.evaluation.split)

    @property
    def measures(self) -> list[Measure]:
        """`shown_measures` of these words."""
        return shown_measures(self.headline)

    @property
    def pilot_split(self) -> Split:
        """The words of the pilot: the trained ones, where there are any."""
        return Split.TRAIN if Split.TRAIN in self.pilot.curves else next(iter(self.pilot.curves))

    def pilot_rows(self) -> Iterator[PilotRow]:
        """Every layer of the base, BOS in and out."""
        split = self.pilot_split
        for layer in self.pilot.layers:
            inside, outside = (
                {m.name: record.value(m.name, split, "base", layer) for m in self.measures}
                for record in (self.pilot, self.evaluation)
            )
            ratio = self.pilot.value("sink_ratio", split, "base", layer)
            yield PilotRow(layer, PUBLISHED_PILOT.get(layer), inside, outside, ratio)

    def evaluation_rows(self) -> Iterator[EvaluationRow]:
        """Trained and control words at the evaluated layer."""
        record = self.evaluation
        for split, reported in PUBLISHED_EVALUATION.items():
            if split not in record.curves:
                continue
            yield EvaluationRow(
                split=split,
                reported=reported,
                n=record.signature.n[split.value],
                before=record.value(REPORTED, split, "base", self.layer),
                changes={m.name: self._change(m.name, split) for m in self.measures},
            )

    def _change(self, measure: str, split: Split) -> Comparison | None:
        """The published one and the other descriptions as they were published, pair by pair; the rest from pseudo-values."""
        record, states = self.evaluation, ("base", "adapted")
        if "adapted" not in record.best_layer:
            return None
        read = record.column if measure in DESCRIPTIONS else record.pseudo_column
        before, after = (read(measure, split, state, self.layer) for state in states)
        if before is None or after is None or np.isnan([before, after]).any():
            return None
        return comparison(split, self.layer, measure, before, after)

    @property
    def contrast(self) -> Contrast | None:
        """Trained minus control change of the headline at the evaluated layer; None without an adapter."""
        controls = self.evaluation.controls
        found = [c for c in controls.contrasts if c.layer == self.layer] if controls else []
        return found[0] if found else None

    def to_json(self) -> dict[str, Any]:
        """Reported and measured figures, kept apart, and the two records they were read from."""
        contrast = self.contrast
        return {
            "reported": {
                "source": SOURCE,
                "pilot": PUBLISHED_PILOT,
                "evaluation": {split.value: asdict(row) for split, row in PUBLISHED_EVALUATION.items()},
            },
            "measured": {
                "layer": self.layer,
                "pilot": [row.to_json() for row in self.pilot_rows()],
                "evaluation": [row.to_json() for row in self.evaluation_rows()],
                "trained_minus_control": None if contrast is None else contrast.model_dump(mode="json"),
                "verdicts": self.verdicts(),
            },
            "records": [record.model_dump(mode="json") for record in (self.pilot, self.evaluation)],
        }

    def verdicts(self) -> dict[str, str]:
        """The verdict at the evaluated layer by protocol."""
        return {
            record.signature.protocol: str(record.verdicts[self.layer])
            for record in (self.pilot, self.evaluation)
            if self.layer in record.verdicts
        }


def reproduce(
    lm: TLIModel, config: RunConfig, *, pair: str | None = None, layer: str = PUBLISHED_LAYER
) -> Reproduction:
    """Run the pilot's and the evaluation's protocol on one model; raises InputError for a layer it does not have.

    pair: None for the first default pair. config: says which words; its own protocol and pairs are ignored.
    """
    chosen = replace(config, protocol="tli-pilot,tli-eval", shown=(layer,), confirm=False)
    task = AlignmentTask({"metadata": {**chosen.metadata(), "pair": pair or default_pair()}})
    pilot, evaluation = run_tasks(lm, {task.config.task: task}, limit=config.limit).records
    if layer not in pilot.signature.layers:
        raise InputError(f"this model has no layer {layer!r}; its layers are {', '.join(pilot.signature.layers)}")
    return Reproduction(layer, pilot, evaluation)
