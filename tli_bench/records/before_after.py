"""Before and after of a model that was tuned whole: its record and that of the base it came from, joined word by word."""

from dataclasses import dataclass

import numpy as np

from tli_bench.base.errors import ResultError
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.verdict import VerdictInput, verdict
from tli_bench.records.arithmetic import quantity as per_pair
from tli_bench.records.comparison import change, comparison
from tli_bench.records.schema import Comparison, PairValues, RunRecord
from tli_bench.stats import bootstrap_ci, paired

QUANTITIES = ("cosine", "mismatched", "gap", "p1")
Word = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """comparisons: base against tuned model, by split, layer and quantity. verdicts: by layer, of the control words."""

    comparisons: tuple[Comparison, ...]
    verdicts: dict[str, str]


def before_after(base: RunRecord, tuned: RunRecord) -> BeforeAfter:
    """Compare a tuned model with its base at every layer of which both records kept the words; the output is one.

    Raises ResultError when the records are not of one task, protocol and word list, or `base` is not of the model that
    `tuned` says it was trained from.
    """
    _require_base(base, tuned)
    comparisons: list[Comparison] = []
    verdicts: dict[str, str] = {}
    kept = {value.layer for value in base.values} & {value.layer for value in tuned.values}
    for layer in (name for name in tuned.signature.layers if name in kept):
        for split in Split:
            comparisons += _compare(base, tuned, split, layer)
        line = _verdict(tuned, comparisons, layer)
        if line is not None:
            verdicts[layer] = line
    return BeforeAfter(tuple(comparisons), verdicts)


def _require_base(base: RunRecord, tuned: RunRecord) -> None:
    training, given = tuned.signature.training, base.signature
    if training is None:
        raise ResultError(f"the record of {tuned.signature.model} says nothing of a training; it is no tuned model's")
    if (given.model, given.revision) != (training.base, training.base_revision) or "base" not in base.best_layer:
        raise ResultError(
            f"{training.name} was trained from {training.base} at {training.base_revision}, the other record is of "
            f"{given.model} at {given.revision}; score that base"
        )
    if base.task != tuned.task:
        raise ResultError(f"not comparable: one record is of {base.task}, the other of {tuned.task}")
    given.require_comparable(tuned.signature)


def _compare(base: RunRecord, tuned: RunRecord, split: Split, layer: str) -> list[Comparison]:
    before, after = _values(base, split, layer), _values(tuned, split, layer)
    if before.keys() != after.keys():
        raise ResultError(f"not comparable: the {split.value} words differ; score both on the same words")
    found = []
    for name in QUANTITIES if len(before) > 1 else ():
        both = [(per_pair(before[word], name), per_pair(after[word], name)) for word in before]
        scored = [(x, y) for x, y in both if x is not None and y is not None]
        if len(scored) < len(both):
            continue
        result = paired([x for x, _ in scored], [y for _, y in scored], seed=tuned.signature.seed)
        found.append(comparison(split, layer, name, result))
    return found


def _values(record: RunRecord, split: Split, layer: str) -> dict[Word, PairValues]:
    return {
        (v.concept, v.source, v.target): v
        for v in record.values
        if (v.split, v.state, v.layer) == (split, "base", layer)
    }


def _verdict(tuned: RunRecord, comparisons: list[Comparison], layer: str) -> str | None:
    control = change(comparisons, Split.CONTROL, layer)
    rows = [v for v in _values(tuned, Split.CONTROL, layer).values() if v.mismatched is not None]
    if control is None:
        return None
    gaps = np.array([per_pair(value, "gap") for value in rows])
    curves, depth = tuned.curves[Split.CONTROL]["base"], tuned.signature.layers.index(layer)
    low, high = bootstrap_ci(gaps, seed=tuned.signature.seed)
    data = VerdictInput(
        n=len(rows),
        raw=float(np.mean([v.cosine for v in rows])),
        mismatched=float(np.mean([v.mismatched for v in rows])),
        gap_ci=(float(low), float(high)),
        p1=curves["p1"][depth],
        sink_ratio=curves["sink_ratio"][depth] if "sink_ratio" in curves else None,
        sink_pooled=tuned.controls.first_pooled if tuned.controls else None,
        control=control,
        train=change(comparisons, Split.TRAIN, layer),
    )
    return verdict(data).text
