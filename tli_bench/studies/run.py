"""Running a study: tries on dev words, the trainings at the chosen rates with their twins, then what is asked of each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from tli_bench.base.errors import ResultError
from tli_bench.base.files import remove_folder
from tli_bench.studies.design import Design
from tli_bench.studies.points import Asked, Point, Study, register
from tli_bench.studies.settings import Job, Setting, runs_of, settings_of, tries_of
from tli_bench.studies.worker import ADAPTERS, BASE_JOB, StudyWorker, What, placebos_of

Done = Callable[[What, Point | Asked, bool], None]
"""Called with what was done, its record, and whether it was there already."""
Unit = tuple[What, Job]
Launcher = Callable[[Sequence[Unit]], Iterator[tuple[int, Point | Asked, bool]]]
"""Where units run: gives number, record, and whether it was there already, of every unit as it ends.

Those of one call do not depend on each other, so that a cluster may make them in any order at once.
"""
Record = TypeVar("Record", Point, Asked)


def here(worker: StudyWorker) -> Launcher:
    """One after another, in this process."""

    def launched(units: Sequence[Unit]) -> Iterator[tuple[int, Point | Asked, bool]]:
        for number, unit in enumerate(units):
            yield number, *worker.do(*unit)

    return launched


def run_study(design: Design, output: Path, launch: Launcher, *, on_done: Done | None = None) -> Study:
    """Every point of the design, in the order in which they decide each other; raises whatever a training raises.

    launch: has workers of this design that write into `output`.
    """
    design.declared  # noqa: B018  raises where there is none
    registered = register(output, design)

    def made(what: What, jobs: Sequence[Job], kind: type[Record]) -> list[Record]:
        found: dict[int, Record] = {}
        for number, record, reused in launch([(what, job) for job in jobs]):
            assert isinstance(record, kind)
            found[number] = record
            if on_done:
                on_done(what, record, reused)
        return [found[number] for number in sorted(found)]

    (base,) = made("base", [BASE_JOB], Point)
    tries = made("try", tries_of(design), Point)
    rates = chosen_rates(design, tries)
    _drop(design, output, tries, rates)
    points = [base, *made("run", runs_of(design, rates), Point)]
    ask = [point for point in points if not point.collapsed and (design.tasks or placebos_of(design, point))]
    for point in points:
        if point not in ask:
            remove_folder(output / ADAPTERS / point.key)
    asked = made("asked", [point.job for point in ask], Asked)
    return Study(registered=registered, points=tuple(points), tries=tuple(tries), asked=tuple(asked))


def _drop(design: Design, output: Path, tries: Sequence[Point], rates: Mapping[Setting, float]) -> None:
    for point in tries:
        made = (output / "points" / f"{point.key}.json").is_file() and not design.asks
        if made or rates.get(point.job.setting) != point.learning_rate:
            remove_folder(output / ADAPTERS / point.key)


def chosen_rates(design: Design, tries: Sequence[Point]) -> dict[Setting, float]:
    """The learning rate of each setting with the highest dev score, mean over trained pairs; the smaller one on a tie.

    A rate at which a training collapsed is not chosen. Raises ResultError where every rate of a setting did.
    """
    found = {}
    for setting in settings_of(design):
        scores: dict[float, list[float]] = {}
        for point in tries:
            if point.job.setting == setting:
                dev = float("-inf") if point.dev is None else point.dev
                scores.setdefault(point.learning_rate or 0.0, []).append(dev)
        means = {rate: sum(values) / len(values) for rate, values in scores.items()}
        best = max(means, key=lambda rate: (means[rate], -rate))
        if means[best] == float("-inf"):
            raise ResultError(
                f"every learning rate of {setting.label} collapsed ({', '.join(map(str, means))}); try smaller ones"
            )
        found[setting] = best
    return found
