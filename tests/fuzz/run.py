"""Damage, read, judge: whoever reads must answer with data or with an error of our own, soon and without eating the memory."""

import random
import resource
import shutil
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.mutate import mutated
from tests.fuzz.target import Target
from tli_bench.base.errors import TLIError

SLOWEST = 2.0
"""Seconds that a damaged file may take."""
MOST_MEMORY = 512
"""MiB by which the process may grow over a whole run."""
LONGEST_ERROR = 70_000


@dataclass
class Outcome:
    """What came of the cases of one reader. failures: the first few, each with its case."""

    kind: str
    name: str
    cases: int = 0
    read: int = 0
    refused: int = 0
    slowest: float = 0.0
    failures: list[str] = field(default_factory=list)


def fuzz(target: Target, cases: int, folder: Path, *, seed: int) -> Outcome:
    """Read `cases` damaged files of one target in `folder`, which is emptied; the same files for the same seed."""
    rng = random.Random(f"{seed} {target.name}")
    outcome, seeds = Outcome(target.kind, target.name), list(target.seeds)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if target.place is not None:
        target.place(folder)
    path = folder / target.name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in range(cases):
            content = mutated(rng.choice(seeds), seeds, rng)
            path.unlink(missing_ok=True)
            path.write_bytes(content)
            _try(target, path, outcome, f"{target.name}, seed {seed}, case {case}")
    return outcome


def _try(target: Target, path: Path, outcome: Outcome, case: str) -> None:
    started = time.thread_time()
    problem = ""
    try:
        target.read(path)
        outcome.read += 1
    except TLIError as err:
        outcome.refused += 1
        text = str(err)
        if len(text) > LONGEST_ERROR or any(not char.isprintable() for char in text if char != "\n"):
            problem = f"an error of {len(text)} characters, or with some that cannot be seen: {text[:200]!r}"
    except Exception as err:
        frames = "; ".join(f"{Path(f.filename).name}:{f.lineno}" for f in traceback.extract_tb(err.__traceback__)[-4:])
        problem = f"{type(err).__name__}: {str(err)[:200]} ({frames})"
    took = time.thread_time() - started
    if took > SLOWEST:
        problem = problem or f"{took:.1f} s"
    outcome.cases += 1
    outcome.slowest = max(outcome.slowest, took)
    if problem:
        outcome.failures.append(f"{case}: {problem}")


def spread(targets: Sequence[Target], cases: int) -> Iterator[tuple[Target, int]]:
    """How many cases each target gets: a heavy one an eighth of the others' share."""
    weights = [1 if target.heavy else 8 for target in targets]
    for target, weight in zip(targets, weights, strict=True):
        yield target, -(-cases * weight // sum(weights))


def memory_mib() -> int:
    """The most that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
