"""`make leaderboard-records`: score the contenders of the board on the default pairs and on audit words.

They are the real checkpoints that `make real-models` fetches, bare and with their shipped adapters, and `tiny` as a demonstration. Any
other shipped adapter can be named, too; the records of a contender take 2 to 6 MB.

Runs are kept under build/ and resume where they stopped; `tli-bench submit` adds their audit words. Records go to
leaderboards/records, packed, with fewer digits of every word's values and, of words that nothing is concluded from, sums only, so
that the repository stays small. If no names are given, records of what is no longer a contender are deleted.
Commit first: a record names the commit it was made from.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tli_bench.lexicon.pairs import Split
from tli_bench.measures.roles import DESCRIPTIONS, SUBSET
from tli_bench.records import RecordStore
from tli_bench.records.columns import Kept, kept, read, sums
from tli_bench.records.merge import merge
from tli_bench.records.run_record import RunRecord
from tli_bench.records.scores import Columns
from tli_bench.training.card import add_records

ROOT = Path(__file__).resolve().parent.parent
RUNS = ROOT / "build" / "leaderboard-runs"
RECORDS = ROOT / "leaderboards" / "records"
DIGITS = {"columns": 5, "pseudo": 7, "curves": 8}
"""Decimal places that are kept; tests are computed again from pseudo-values, whose last place is all there is of a t of zero."""
# The recorded command is what a reader would type.
LAUNCH = "import sys; sys.argv[0] = 'tli-bench'; from tli_bench.cli import main; main()"


REAL = ("me5", "minilm", "smollm2-bos", "smollm2")
COMMITTED = (*REAL, "me5-swh-eng-tli", "smollm2-bos-swh-eng-tli", "tiny", "tiny-swh-eng-tli", "tiny-swh-eng-tli-paper")
"""The contenders whose records are in the repository."""


def commands() -> dict[str, list[str]]:
    """Name of each contender and the arguments of its run: each model alone, and everything in adapters/."""
    found = {name: ["run", "--model", name, "--adapter", "none"] for name in ("tiny", *REAL)}
    for path in sorted((ROOT / "adapters").glob("*/adapter_config.json")):
        name = path.parent.name
        base = json.loads(path.read_text(encoding="utf-8"))["base_model_name_or_path"]
        found[name] = ["run", "--model", base, "--adapter", f"adapters/{name}"]
    return found


def audit_of(name: str) -> list[str]:
    """The arguments that score a contender's audit words into its run, where the core has some."""
    run = (RUNS / name).relative_to(ROOT)
    return ["submit", str(run), "--out", f"{run}.zip"]


def _tell_card(name: str, output: Path) -> None:
    """Write before and after on its own pair into the card of what was scored; the weights and their hash do not change."""
    folder = ROOT / "adapters" / name
    if folder.is_dir():
        card = json.loads((folder / "tli_card.json").read_text(encoding="utf-8"))
        own, base = (
            [record for record in RecordStore(path) if record.pair == card["pair"]]
            for path in (output, RUNS / card["base"]["id"])
        )
        add_records(folder, own, base=base)


def shorter(record: RunRecord) -> RunRecord:
    """The record with fewer digits, sums of each word's values where nothing is concluded from them, and no details of single words."""
    curves = {
        split: {
            state: {
                name: [None if v is None else round(v, DIGITS["curves"]) for v in curve]
                for name, curve in found.items()
            }
            for state, found in states.items()
        }
        for split, states in record.curves.items()
    }
    return record.model_copy(
        update={
            "columns": _packed(record, record.columns, DIGITS["columns"], _column_is_needed),
            "pseudo": _packed(record, record.pseudo, DIGITS["pseudo"], _pseudo_is_needed),
            "curves": curves,
            "details": None,
        }
    )


class At(NamedTuple):
    """Whose values."""

    split: Split
    state: str
    layer: str
    measure: str


def _column_is_needed(record: RunRecord, at: At) -> bool:
    """Of control words, the headline and its subset, and what is tested; tests are of pseudo-values where there are any."""
    if at.split is not Split.CONTROL or at.measure in DESCRIPTIONS:
        return False
    pseudo = record.pseudo.get(at.split, {}).get(at.state, {}).get(at.layer, {})
    return at.measure not in pseudo or at.measure in (record.headline_of(at.split), SUBSET)


def _pseudo_is_needed(record: RunRecord, at: At) -> bool:
    """A verdict reads the control words, and of trained ones the change of the control words' headline."""
    trained = at.split is Split.TRAIN and at.measure == record.headline_of(Split.CONTROL)
    return at.split is Split.CONTROL or (trained and not record.signature.audit)


def _packed(record: RunRecord, columns: Columns, digits: int, needed: Callable[[RunRecord, At], bool]) -> Columns:
    return {
        split: {
            state: {
                layer: {
                    name: _short(held, digits, whole=needed(record, At(split, state, layer, name)))
                    for name, held in measures.items()
                }
                for layer, measures in layers.items()
            }
            for state, layers in states.items()
        }
        for split, states in columns.items()
    }


def _short(held: Kept, digits: int, *, whole: bool) -> Kept:
    column = read(held)
    if column is None:
        return held
    return kept(column, digits=digits) if whole else sums(column)


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
                RecordStore(Path(folder)).write(shorter(record))
            done = merge([Path(folder)], RecordStore(RECORDS, compressed=True), replace=True)
        _tell_card(name, RUNS / name)
        print(f"{name}: {len(done.added)} added, {len(done.replaced)} replaced, {len(done.same)} unchanged", flush=True)


if __name__ == "__main__":
    main()
