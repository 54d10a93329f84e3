"""Damage the files of every reader, 100,000 times.

Usage: python -m benchmarks.reliability.fuzzing [--cases N] [--seed S] [--only NAME ...] [--write]

A case survives when its reader gives data or an error of our own, within 2 seconds of CPU; the process must not grow by more than
512 MiB. Failures are printed with their seed and case. --write puts the figures of each kind of reader into figures.json.
"""

import argparse
import logging
import sys
import tempfile
from pathlib import Path

from benchmarks.reliability.figures import write_figure
from tests.fuzz.run import MOST_MEMORY, Outcome, fuzz, memory_mib, spread
from tests.fuzz.targets import targets

COMMAND = "python -m benchmarks.reliability.fuzzing"
_SHOWN = 5


def main() -> int:
    """Exit status 1 when a case was not survived."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    chosen = [target for target in targets() if not options.only or target.name in options.only]
    before, found = memory_mib(), []
    with tempfile.TemporaryDirectory() as folder:
        for target, cases in spread(chosen, options.cases):
            outcome = fuzz(target, cases, Path(folder) / "case", seed=options.seed)
            print(_line(outcome), flush=True)
            print(
                *(f"  {failure}" for failure in outcome.failures[:_SHOWN]),
                sep="\n",
                end="" if not outcome.failures else "\n",
            )
            found.append(outcome)
    grown = memory_mib() - before
    tries, failures = sum(one.cases for one in found), sum(len(one.failures) for one in found)
    print(
        f"{tries:,} cases, {sum(one.read for one in found):,} read, {sum(one.refused for one in found):,} refused, {failures} failures; "
        f"slowest {max(one.slowest for one in found):.2f} s; {grown} MiB more than at the beginning"
    )
    if options.write:
        _write(found, _command(options))
    return int(failures > 0 or grown > MOST_MEMORY)


def _line(one: Outcome) -> str:
    return (
        f"{one.kind}, {one.name}: {one.cases:,} cases, {one.read:,} read, {one.refused:,} refused, {len(one.failures)} failures, "
        f"slowest {one.slowest:.2f} s"
    )


def _command(options: argparse.Namespace) -> str:
    only = f" --only {' '.join(options.only)}" if options.only else ""
    return f"{COMMAND}{only} --cases {options.cases} --seed {options.seed}"


def _write(found: list[Outcome], command: str) -> None:
    for kind in dict.fromkeys(one.kind for one in found):
        these = [one for one in found if one.kind == kind]
        tries = sum(one.cases for one in these)
        write_figure(
            f"damaged {kind}",
            fault=f"damaged {kind}: changed bytes, lines and values, {len(these)} {'kinds' if len(these) > 1 else 'kind'} of file",
            tries=tries,
            survived=tries - sum(len(one.failures) for one in these),
            command=command,
        )


if __name__ == "__main__":
    sys.exit(main())
