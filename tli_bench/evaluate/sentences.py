"""Does sentence alignment go with reading? MEXA of each language with English against Belebele in that language, over languages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tli_bench.base.errors import UnscorableError
from tli_bench.evaluate.changes import Base
from tli_bench.evaluate.explain import ENOUGH
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

    pearson: as in MEXA's paper; None, as is `result`, with the reason in `note`, where there is no correlation.
    """

    model: str
    adapter: str
    state: State
    summary: str
    points: tuple[Point, ...]
    pearson: float | None
    result: SpearmanResult | None
    note: str


def mexa_and_belebele(records: Iterable[DownstreamRecord], *, seed: int = 0) -> list[Linked]:
    """One `Linked` per model, state and summary of which both tasks were scored in some language, over all documents.

    With fewer than 10 languages nothing is tested. A record with a limit is left out: its documents are others.
    """
    scores: dict[tuple[Base, str, State], dict[str, Mapping[str, float | None]]] = {}
    created: dict[tuple[object, str], str] = {}
    for record in records:
        if record.limit is not None or record.fixtures or not record.task.startswith((MEXA, BELEBELE)):
            continue
        base = Base(record.model, record.revision, record.dtype, record.quantization)
        for state in BEFORE_AFTER:
            adapter = record.adapter.name if record.adapter and state == "adapted" else ""
            key = (base, adapter, state)
            if state in record.scores and created.get((key, record.task), "") <= record.created:
                created[key, record.task] = record.created
                scores.setdefault(key, {})[record.task] = record.scores[state]
    found = []
    for (base, adapter, state), tasks in scores.items():
        for summary in SUMMARIES:
            points = _points(tasks, summary)
            if points:
                found.append(Linked(base.model, adapter, state, summary, points, *_correlated(points, seed)))
    return found


def _points(tasks: Mapping[str, Mapping[str, float | None]], summary: str) -> tuple[Point, ...]:
    found = []
    for task, values in tasks.items():
        language = task.removeprefix(MEXA)
        mexa, accuracy = values.get(summary), tasks.get(BELEBELE + language, {}).get("acc")
        if task.startswith(MEXA) and mexa is not None and accuracy is not None:
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
