"""Does sentence alignment go with reading? MEXA of each language with English against Belebele in that language, over languages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tli_bench.base.errors import UnscorableError
from tli_bench.config.facts import asked_text
from tli_bench.evaluate.changes import OWN, Base
from tli_bench.evaluate.explain import ENOUGH
from tli_bench.evaluate.measured import unusual_precision
from tli_bench.models.identity import BEFORE_AFTER, State
from tli_bench.records.schema import DownstreamRecord
from tli_bench.stats import SpearmanResult, spearman

MEXA, BELEBELE = "tli_mexa_", "belebele_"
"""How the tasks of the two are called, before the language's code."""
SUMMARIES = ("mexa_mean", "mexa_max")


class Point(NamedTuple):
    """One language: its MEXA with English, and the share of Belebele's questions that were answered rightly."""

    language: str
    mexa: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Linked:
    """The languages of one model in one state, by MEXA's mean or maximum over layers.

    how: revision, precision and how Belebele was asked, as far as it is not the usual way; adapter: its name, with the start of its hash
    where two have it. pearson: as in MEXA's paper; None, as is `result`, with the reason in `note`, where there is no correlation.
    """

    model: str
    how: str
    adapter: str
    state: State
    summary: str
    points: tuple[Point, ...]
    pearson: float | None
    result: SpearmanResult | None
    note: str


def mexa_and_belebele(records: Iterable[DownstreamRecord], *, seed: int = 0) -> list[Linked]:
    """One `Linked` per model, state, way of asking and summary of which both tasks were scored in some language, over all documents.

    With fewer than 10 languages nothing is tested. A record with a limit is left out: its documents are others.
    """
    kept = [
        record
        for record in records
        if record.limit is None and not record.fixtures and record.task.startswith((MEXA, BELEBELE))
    ]
    names = {record.adapter.sha256: record.adapter.name for record in kept if record.adapter}
    mexa, belebele = (_latest(record for record in kept if record.task.startswith(start)) for start in (MEXA, BELEBELE))
    found = []
    for (who, asked), answers in belebele.items():
        # Hidden states are read, not asked for: one MEXA goes with every way of asking.
        aligned = {task: scores for (other, _), own in mexa.items() if other == who for task, scores in own.items()}
        name = names.get(who.adapter, "")
        if list(names.values()).count(name) > 1:
            name = f"{name} {who.adapter[:8]}"
        how = ", ".join([who.base.revision, *unusual_precision(who.base), *([asked] if asked else [])])
        for summary in SUMMARIES:
            points = _points(aligned, answers, summary)
            if points:
                found.append(Linked(who.base.model, how, name, who.state, summary, points, *_correlated(points, seed)))
    return found


class _Who(NamedTuple):
    """What both tasks must share. adapter: its hash, empty for the base, which is the same whichever adapter was there."""

    base: Base
    adapter: str
    state: State


Scores = Mapping[str, float | None]


def _latest(records: Iterable[DownstreamRecord]) -> dict[tuple[_Who, str], dict[str, Scores]]:
    """The scores of each task by who was scored and how it was asked, of the latest record."""
    found: dict[tuple[_Who, str], dict[str, Scores]] = {}
    created: dict[tuple[_Who, str, str], str] = {}
    for record in records:
        base = Base(record.model, record.revision, record.dtype, record.quantization)
        for state in BEFORE_AFTER:
            who = _Who(base, record.adapter.sha256 if record.adapter and state == "adapted" else "", state)
            key = who, asked_text(record, but=OWN)
            if state in record.scores and created.get((*key, record.task), "") <= record.created:
                created[*key, record.task] = record.created
                found.setdefault(key, {})[record.task] = record.scores[state]
    return found


def _points(aligned: Mapping[str, Scores], answers: Mapping[str, Scores], summary: str) -> tuple[Point, ...]:
    found = []
    for task, values in aligned.items():
        language = task.removeprefix(MEXA)
        mexa, accuracy = values.get(summary), answers.get(BELEBELE + language, {}).get("acc")
        if mexa is not None and accuracy is not None:
            found.append(Point(language, mexa, accuracy))
    return tuple(sorted(found))


def _correlated(points: tuple[Point, ...], seed: int) -> tuple[float | None, SpearmanResult | None, str]:
    if len(points) < ENOUGH:
        return None, None, f"nothing is tested with fewer than {ENOUGH} languages"
    mexa, accuracy = [point.mexa for point in points], [point.accuracy for point in points]
    try:
        result = spearman(mexa, accuracy, seed=seed)
    except UnscorableError as err:
        return None, None, str(err)
    return float(np.corrcoef(mexa, accuracy)[0, 1]), result, ""
