"""Units of work over workers that may die: each unit is finished once, whoever dies, and a dead worker is replaced."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from tli_bench.base.errors import TLIError

TRIES = 3
"""Workers that may die over one unit before it is given up."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a unit. died: its worker did; error: what the unit itself raised; reused: it had been finished before."""

    worker: int
    unit: int
    reused: bool = False
    died: bool = False
    error: Exception | None = None


class Pool(Protocol):
    """Workers, each with one unit at a time."""

    def start(self, worker: int) -> None:
        """Start a worker, or another in the place of a dead one."""
        ...

    def submit(self, worker: int, unit: int) -> None:
        """Give a free worker a unit."""
        ...

    def wait(self) -> Sequence[Outcome]:
        """What has ended since the last call, at least one; only called while a worker is busy."""
        ...


class LaunchError(TLIError):
    """Units that were not finished, with the reasons; everything else was."""


def launch(units: Sequence[int], pool: Pool, *, workers: int) -> Iterator[Outcome]:
    """Run every unit and yield its outcome as it ends; a unit whose worker dies is run again by a new one.

    Raises LaunchError at the end, when every other unit is finished, for units that raised or that several workers died over.
    """
    waiting, failed = deque(units), dict[int, str]()
    deaths = dict.fromkeys(units, 0)
    crew = range(min(workers, len(waiting)))
    for worker in crew:
        pool.start(worker)
        pool.submit(worker, waiting.popleft())
    busy = len(crew)
    while busy:
        for outcome in pool.wait():
            busy -= 1
            if outcome.died:
                deaths[outcome.unit] += 1
                if deaths[outcome.unit] < TRIES:
                    waiting.appendleft(outcome.unit)
                else:
                    failed[outcome.unit] = f"{TRIES} workers died over it"
                if waiting:
                    pool.start(outcome.worker)
            elif outcome.error is not None:
                failed[outcome.unit] = str(outcome.error)
            else:
                yield outcome
            if waiting:
                pool.submit(outcome.worker, waiting.popleft())
                busy += 1
    if failed:
        first = next(iter(failed))
        raise LaunchError(
            f"{len(failed)} of {len(units)} points were not finished; the first, number {first + 1}: {failed[first]}. All others are "
            "kept: the same command runs what is missing"
        )
