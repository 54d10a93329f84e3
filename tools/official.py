"""What an adapter does to official sentences and questions: `python -m tools.official pack FOLDER NAME` keeps the scores of runs.

The command that makes them is in docs/explanation/real-models.md. Only scores are kept, in `leaderboards/official/NAME.json`, and
nothing of the data sets; `make docs-tables` writes the tables from there.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tli_bench.languages import resolve_language
from tli_bench.records.schema import DownstreamRecord
from tools.packed_runs import command, facts, read

PACKED = Path(__file__).resolve().parent.parent / "leaderboards" / "official"
KEPT = ("task", "task_version", "documents", "model", "revision", "adapter", "dtype", "layers", "versions")
SCORES = ("p1", "p1_output", "xsim", "map", "pool_output", "mexa_mean", "mexa_max", "best_layer")
_CODE = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}")
SETS = {"flores": "FLORES", "ntrex": "NTREX"}


def packed(records: list[DownstreamRecord]) -> list[dict[str, Any]]:
    """What is kept of each record, in the order of their tasks."""
    return [
        facts(record, KEPT)
        | {"scores": {s: {m: v for m, v in found.items() if m in SCORES} for s, found in record.scores.items()}}
        for record in sorted(records, key=lambda record: record.task)
    ]


def _runs(name: str, kind: str) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Runs of tasks of one kind, each with the names of its languages."""
    for run in read(PACKED, name):
        if run["task"].startswith(kind):
            yield run, [resolve_language(code).name for code in _CODE.findall(run["task"])]


def _both(run: dict[str, Any], measure: str) -> str:
    return " → ".join(f"{run['scores'][state][measure]:.3f}" for state in ("base", "adapted"))


def sentences_table(name: str) -> str:
    """One line for each pair of languages of each set of parallel sentences."""
    lines = ["| sentence pairs | sentences | P@1, both ways | P@1 at the output | xsim |", "|---|---:|---:|---:|---:|"]
    for kind, called in SETS.items():
        for run, languages in _runs(name, f"tli_bitext_{kind}"):
            values = " | ".join(_both(run, measure) for measure in ("p1", "p1_output", "xsim"))
            lines.append(f"| {called}, {'-'.join(languages)} | {run['documents']:,} | {values} |")
    return "\n".join(lines)


def questions_table(name: str) -> str:
    """One line for each language that asks and each pool that is asked."""
    lines = ["| question in, among | pool | P@1 | mAP |", "|---|---:|---:|---:|"]
    for kind in ("tli_xquad_r_sentence", "tli_xquad_r_pool"):
        for run, languages in _runs(name, kind):
            pool = f"{languages[1]} sentences" if len(languages) > 1 else "sentences of both"
            size = f"{run['scores']['adapted']['pool_output']:,.0f}"
            lines.append(f"| {languages[0]}, {pool} | {size} | {_both(run, 'p1')} | {_both(run, 'map')} |")
    return "\n".join(lines)


def mexa_table(name: str) -> str:
    """One line for each language with the pivot."""
    lines = ["| | mean over layers | maximum over layers |", "|---|---:|---:|"]
    for run, languages in _runs(name, "tli_mexa"):
        lines.append(f"| {languages[0]} | {_both(run, 'mexa_mean')} | {_both(run, 'mexa_max')} |")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Pack a folder of runs."""
    return command(arguments, folder=PACKED, pack=packed, usage=str(__doc__))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
