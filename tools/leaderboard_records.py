"""`make leaderboard-records`: score `tiny`, its default adapter and that of the published recipe on the default pairs and on audit words.

Any other shipped adapter can be named, too; the records of a contender take about 15 MB.

Runs are kept under build/ and resume where they stopped; `tli-bench submit` adds their audit words. Records go to
leaderboards/records, packed, with fewer digits of every word's values, so that the repository stays small. If no names are given,
records of what is no longer a contender are deleted.
Commit first: a record names the commit it was made from.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tli_bench.records import RecordStore
from tli_bench.records.columns import Kept, kept, read
from tli_bench.records.merge import merge
from tli_bench.records.run_record import RunRecord
from tli_bench.records.scores import Columns
from tli_bench.training.card import add_records

ROOT = Path(__file__).resolve().parent.parent
RUNS = ROOT / "build" / "leaderboard-runs"
RECORDS = ROOT / "leaderboards" / "records"
DIGITS = {"columns": 5, "pseudo": 7}
"""Decimal places that are kept; tests are computed again from pseudo-values, whose last place is all there is of a t of zero."""
# The recorded command is what a reader would type.
LAUNCH = "import sys; sys.argv[0] = 'tli-bench'; from tli_bench.cli import main; main()"


COMMITTED = ("base", "tiny-swh-eng-tli", "tiny-swh-eng-tli-paper")
"""The contenders whose records are in the repository."""


def commands() -> dict[str, list[str]]:
    """Name of each contender and the arguments of its run: the base alone, and everything in adapters/."""
    found = {"base": ["run", "--model", "tiny", "--adapter", "none"]}
    for path in sorted((ROOT / "adapters").glob("tiny-*/adapter_config.json")):
        name = path.parent.name
        found[name] = ["run", "--model", "tiny", "--adapter", f"adapters/{name}"]
    for path in sorted((ROOT / "adapters").glob("tiny-*/config.json")):
        name = path.parent.name
        found[name] = ["run", "--model", f"adapters/{name}"]
    return found


def audit_of(name: str) -> list[str]:
    """The arguments that score a contender's audit words into its run, where the core has some."""
    run = (RUNS / name).relative_to(ROOT)
    return ["submit", str(run), "--out", f"{run}.zip"]


def _tell_card(name: str, output: Path) -> None:
    """Write before and after on its own pair into the card of what was scored; the weights and their hash do not change."""
    folder = ROOT / "adapters" / name
    if folder.is_dir():
        pair = json.loads((folder / "tli_card.json").read_text(encoding="utf-8"))["pair"]
        own, base = (
            [record for record in RecordStore(path) if record.pair == pair] for path in (output, RUNS / "base")
        )
        add_records(folder, own, base=base)


def _rounded(record: RunRecord) -> RunRecord:
    """The record with fewer digits of each word's values; its curves keep all of theirs."""
    shorter = {name: _shorter(getattr(record, name), digits) for name, digits in DIGITS.items()}
    return record.model_copy(update=shorter)


def _shorter(columns: Columns, digits: int) -> Columns:
    return {
        split: {
            state: {
                layer: {name: _with_digits(held, digits) for name, held in measures.items()}
                for layer, measures in layers.items()
            }
            for state, layers in states.items()
        }
        for split, states in columns.items()
    }


def _with_digits(held: Kept, digits: int) -> Kept:
    column = read(held)
    return held if column is None else kept(column, digits=digits)


def main() -> None:
    """Run the contenders named on the command line, or those of COMMITTED, then put their records where they are committed.

    No tracked file is written before the last run has ended: a record says if it was made from a changed checkout.
    """
    known = commands()
    chosen = sys.argv[1:] or list(COMMITTED)
    for name in chosen:
        if name not in known:
            raise SystemExit(f"unknown contender {name!r}; known: {', '.join(known)}")
        arguments = [*known[name], "--output", str((RUNS / name).relative_to(ROOT))]
        print(f"{name}: tli-bench {' '.join(arguments)}", flush=True)
        subprocess.run([sys.executable, "-c", LAUNCH, *arguments], cwd=ROOT, check=True)
        subprocess.run([sys.executable, "-c", LAUNCH, *audit_of(name)], cwd=ROOT, check=True)
    if not sys.argv[1:]:
        for path in RECORDS.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
    for name in chosen:
        with tempfile.TemporaryDirectory() as folder:
            for record in RecordStore(RUNS / name).everything():
                RecordStore(Path(folder)).write(_rounded(record))
            done = merge([Path(folder)], RecordStore(RECORDS, compressed=True), replace=True)
        _tell_card(name, RUNS / name)
        print(f"{name}: {len(done.added)} added, {len(done.replaced)} replaced, {len(done.same)} unchanged", flush=True)


if __name__ == "__main__":
    main()
