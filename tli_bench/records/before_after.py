"""Before and after for a fully fine-tuned model: its record and that of its base, joined word by word."""

from dataclasses import dataclass

import numpy as np

from tli_bench.base.errors import ResultError
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.measure import Place
from tli_bench.measures.registry import list_measures
from tli_bench.records.comparison import Comparison, comparison
from tli_bench.records.evidence import Part, verdicts_of_change
from tli_bench.records.run_record import RunRecord
from tli_bench.records.trained import trained_here
from tli_bench.stats.verdict import Verdict


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """comparisons: base against tuned model, by split, layer and quantity. verdicts: by layer, for the control words."""

    comparisons: tuple[Comparison, ...]
    verdicts: dict[str, Verdict]


def before_after(base: RunRecord, tuned: RunRecord) -> BeforeAfter:
    """Compare a tuned model with its base at every layer whose words both records kept, which includes the output.

    Raises ResultError when the records differ in task, protocol or word list, or when `base` is not the record of the
    model that `tuned` says it was trained from.
    """
    _require_base(base, tuned)
    comparisons: list[Comparison] = []
    kept = set(base.kept_layers()) & set(tuned.kept_layers())
    layers = [name for name in tuned.layers if name in kept]
    for layer in layers:
        for split in Split:
            comparisons += _compare(base, tuned, split, layer)
    verdicts = verdicts_of_change(
        Part(base, "base"), Part(tuned, "base"), split=Split.CONTROL, layers=layers, controls=tuned.controls,
        trained=trained_here(tuned.signature),
    )  # fmt: skip
    return BeforeAfter(tuple(comparisons), verdicts)


def _require_base(base: RunRecord, tuned: RunRecord) -> None:
    training, given = tuned.signature.training, base.signature
    if training is None:
        raise ResultError(
            f"the record of {tuned.signature.model} states no training, so it is not that of a tuned model"
        )
    if (given.model, given.revision) != (training.base, training.base_revision) or "base" not in base.best_layer:
        raise ResultError(
            f"{training.name} was trained from {training.base} at {training.base_revision}, but the other record is of "
            f"{given.model} at {given.revision}; score that base"
        )
    if base.task != tuned.task:
        raise ResultError(f"not comparable: one record is of {base.task}, the other of {tuned.task}")
    given.require_comparable(tuned.signature)


def _compare(base: RunRecord, tuned: RunRecord, split: Split, layer: str) -> list[Comparison]:
    ours, theirs = base.words.get(split), tuned.words.get(split)
    if ours is None and theirs is None:
        return []
    if ours is None or theirs is None or set(ours.triples()) != set(theirs.triples()):
        raise ResultError(f"not comparable: the {split.value} words differ; score both on the same words")
    if list(ours.triples()) != list(theirs.triples()):
        raise ResultError(f"not comparable: the {split.value} words are in another order; score both with this version")
    found = []
    for name in [measure.name for measure in list_measures(Place.COMPARED)] if len(ours) > 1 else ():
        before, after = (record.pseudo_column(name, split, "base", layer) for record in (base, tuned))
        if before is None or after is None or np.isnan([before, after]).any():
            continue
        found.append(comparison(split, layer, name, before, after))
    return found
