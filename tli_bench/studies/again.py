"""Points of a packed study made again, and how far what they score is from what was packed."""

from collections.abc import Iterator
from pathlib import Path

from tli_bench.base.errors import ResultError
from tli_bench.models import LoadedModel
from tli_bench.studies.design import Design
from tli_bench.studies.points import Columns, Study
from tli_bench.studies.worker import StudyWorker

TOLERANCE = 0.005
"""Largest difference of the mean of a pair or a task that another machine's arithmetic may make after a training."""


def compare_again(
    study: Study, design: Design, loaded: LoadedModel, folder: Path, count: int, *, data_dir: Path | None = None
) -> Iterator[str]:
    """A line for each of the first `count` trainings made again and asked again; raises ResultError where one scores something else.

    data_dir: of the documents of the design's tasks, where they are not the samples.
    """
    if loaded.revision != study.base.revision:
        raise ResultError(
            f"the points are of {study.base.model}, revision {study.base.revision}, not {loaded.revision}; give the same with --model"
        )
    worker = StudyWorker(design, loaded, folder / "again", data_dir=data_dir)
    for point in [one for one in study.points if one.kind != "base" and not one.collapsed][:count]:
        made = worker.make(point.job)
        apart = largest_difference(point.columns, made.columns)
        asked = study.asked_of(point) if design.tasks else None
        if asked:
            apart = max(apart, largest_difference(asked.columns, worker.ask(made).columns))
        said = f"{point.job.setting.label}, {point.pair}, seed {point.seed}, {point.kind}: means differ by at most {apart:.5f}"
        if apart > TOLERANCE:
            raise ResultError(
                f"{said}, more than {TOLERANCE:g}; is the design the one that the points were made under?"
            )
        yield said


def largest_difference(one: Columns, other: Columns) -> float:
    """Of the means of every outcome and pair or task; raises ResultError where `other` scored other words or documents."""
    found = [0.0]
    for outcome, scopes in one.items():
        for scope, column in scopes.items():
            theirs = other.get(outcome, {}).get(scope)
            if theirs is None or theirs.ids != column.ids:
                raise ResultError(
                    f"{outcome} of {scope} was scored on other words or documents when the points were made; "
                    "give the documents of then with --data-dir, and the lexicon of then"
                )
            found.append(abs(sum(column.values) / len(column.values) - sum(theirs.values) / len(theirs.values)))
    return max(found)
