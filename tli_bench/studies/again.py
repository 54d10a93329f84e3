"""Points of a packed study made again, and how far what they score is from what was packed."""

from collections.abc import Iterator
from pathlib import Path

from tli_bench.base.errors import ResultError
from tli_bench.models import LoadedModel
from tli_bench.studies.design import Design
from tli_bench.studies.points import Point, Study
from tli_bench.studies.worker import StudyWorker

TOLERANCE = 0.005
"""Largest difference of a pair's mean that another machine's arithmetic may make after a training."""


def compare_again(study: Study, design: Design, loaded: LoadedModel, folder: Path, count: int) -> Iterator[str]:
    """A line for each of the first `count` trainings made again; raises ResultError where one scores something else."""
    if loaded.revision != study.base.revision:
        raise ResultError(
            f"the points are of {study.base.model}, revision {study.base.revision}, not {loaded.revision}; give the same with --model"
        )
    worker = StudyWorker(design, loaded, folder / "again")
    for point in [one for one in study.points if one.kind != "base" and not one.collapsed][:count]:
        made = worker.make(point.job)
        apart = largest_difference(point, made)
        said = f"{point.job.setting.label}, {point.pair}, seed {point.seed}, {point.kind}: means differ by at most {apart:.5f}"
        if apart > TOLERANCE:
            raise ResultError(
                f"{said}, more than {TOLERANCE:g}; is the design the one that the points were made under?"
            )
        yield said


def largest_difference(one: Point, other: Point) -> float:
    """Of the means of every outcome and pair."""
    found = [0.0]
    for outcome, scopes in one.columns.items():
        for scope, column in scopes.items():
            theirs = other.columns[outcome][scope]
            found.append(abs(sum(column.values) / len(column.values) - sum(theirs.values) / len(theirs.values)))
    return max(found)
