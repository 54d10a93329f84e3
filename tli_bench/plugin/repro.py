"""The published TLI experiment next to its artefacts: pilot and evaluation protocols from one pass over the same words.

The two differ in one thing: the pilot's mean includes the BOS position, the evaluation's leaves it out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tli_bench.base.errors import InputError
from tli_bench.config.run import RunConfig
from tli_bench.languages import default_pair
from tli_bench.lexicon.pairs import Split
from tli_bench.plugin.lm import TLIModel
from tli_bench.plugin.run import run_tasks
from tli_bench.plugin.tasks import AlignmentTask
from tli_bench.records.schema import Comparison, Contrast, RunRecord

SOURCE = "arXiv 2506.15415 (Targeted Lexical Injection, 2025), Lugha-Llama-8B-wura, Swahili-English"
PUBLISHED_LAYER = "2"
PUBLISHED_PILOT = {"0": 0.3153, "1": 0.9808, "2": 0.99998, "31": 0.9876}
"""Mean cosine by layer, BOS included."""


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

    cosine, mismatched, gap, p1: with the first position in the mean; the same with `_without` it. sink_ratio: norm of
    position 0 over the median. None where unscored.
    """

    layer: str
    reported: float | None
    cosine: float | None
    cosine_without: float | None
    mismatched: float | None
    mismatched_without: float | None
    gap: float | None
    gap_without: float | None
    p1: float | None
    p1_without: float | None
    sink_ratio: float | None


@dataclass(frozen=True, slots=True)
class EvaluationRow:
    """One split at one layer under the evaluation protocol; changes are None without an adapter."""

    split: Split
    reported: Published
    n: int
    before: float | None
    cosine: Comparison | None
    mismatched: Comparison | None
    gap: Comparison | None
    p1: Comparison | None

    @property
    def percent(self) -> float | None:
        """Change of the mean cosine in percent, as published; None without an adapter or a positive mean before."""
        change = self.cosine
        return None if change is None or change.before <= 0 else 100 * change.difference / change.before


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Both protocols on one model: their records, and the layer of the evaluation."""

    layer: str
    pilot: RunRecord
    evaluation: RunRecord

    @property
    def pilot_split(self) -> Split:
        """The words of the pilot: the trained ones, where there are any."""
        return Split.TRAIN if Split.TRAIN in self.pilot.curves else next(iter(self.pilot.curves))

    def pilot_rows(self) -> Iterator[PilotRow]:
        """Every layer of the base, BOS in and out."""
        split = self.pilot_split
        for layer in self.pilot.layers:
            values = {
                name + suffix: record.value(name, split, "base", layer)
                for name in ("cosine", "mismatched", "gap", "p1")
                for suffix, record in (("", self.pilot), ("_without", self.evaluation))
            }
            ratio = self.pilot.value("sink_ratio", split, "base", layer)
            yield PilotRow(layer=layer, reported=PUBLISHED_PILOT.get(layer), sink_ratio=ratio, **values)

    def evaluation_rows(self) -> Iterator[EvaluationRow]:
        """Trained and control words at the evaluated layer."""
        record = self.evaluation
        for split, reported in PUBLISHED_EVALUATION.items():
            if split not in record.curves:
                continue
            here = {c.quantity: c for c in record.comparisons if (c.split, c.layer) == (split, self.layer)}
            yield EvaluationRow(
                split=split,
                reported=reported,
                n=record.signature.n[split.value],
                before=record.value("cosine", split, "base", self.layer),
                cosine=here.get("cosine"),
                mismatched=here.get("mismatched"),
                gap=here.get("gap"),
                p1=here.get("p1"),
            )

    @property
    def contrast(self) -> Contrast | None:
        """Trained minus control change of the gap at the evaluated layer; None without an adapter."""
        controls = self.evaluation.controls
        found = [c for c in controls.contrasts if c.layer == self.layer] if controls else []
        return found[0] if found else None

    def to_json(self) -> dict[str, Any]:
        """Reported and measured figures, kept apart, and the two records they were read from."""
        from dataclasses import asdict

        evaluation = [
            {
                "split": row.split.value,
                "n": row.n,
                "before": row.before,
                "percent": row.percent,
                **{
                    name: None if change is None else change.model_dump(mode="json")
                    for name, change in (
                        ("cosine", row.cosine),
                        ("mismatched", row.mismatched),
                        ("gap", row.gap),
                        ("p1", row.p1),
                    )
                },
            }
            for row in self.evaluation_rows()
        ]
        pilot = [
            {name: value for name, value in asdict(row).items() if name != "reported"} for row in self.pilot_rows()
        ]
        contrast = self.contrast
        return {
            "reported": {
                "source": SOURCE,
                "pilot": PUBLISHED_PILOT,
                "evaluation": {split.value: asdict(row) for split, row in PUBLISHED_EVALUATION.items()},
            },
            "measured": {
                "layer": self.layer,
                "pilot": pilot,
                "evaluation": evaluation,
                "trained_minus_control": None if contrast is None else contrast.model_dump(mode="json"),
                "verdicts": self.verdicts(),
            },
            "records": [record.model_dump(mode="json") for record in (self.pilot, self.evaluation)],
        }

    def verdicts(self) -> dict[str, str]:
        """The verdict at the evaluated layer by protocol."""
        return {
            record.signature.protocol: record.verdicts[self.layer]
            for record in (self.pilot, self.evaluation)
            if self.layer in record.verdicts
        }


def reproduce(
    lm: TLIModel, config: RunConfig, *, pair: str | None = None, layer: str = PUBLISHED_LAYER
) -> Reproduction:
    """Run the pilot's and the evaluation's protocol on one model; raises InputError for a layer it does not have.

    pair: None for the first default pair. config: says which words; its own protocol and pairs are ignored.
    """
    chosen = replace(config, protocol="tli-pilot,tli-eval", shown=(layer,))
    task = AlignmentTask({"metadata": {**chosen.metadata(), "pair": pair or default_pair()}})
    pilot, evaluation = run_tasks(lm, {task.config.task: task}, limit=config.limit).records
    if layer not in pilot.signature.layers:
        raise InputError(f"this model has no layer {layer!r}; its layers are {', '.join(pilot.signature.layers)}")
    return Reproduction(layer, pilot, evaluation)
