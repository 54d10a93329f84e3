"""What a chat template and examples change: `python -m tools.instruct pack FOLDER NAME` keeps the scores of the runs in FOLDER.

The commands that make them are in docs/explanation/real-models.md. Only scores are kept, in `leaderboards/instruct/NAME.json`, and
nothing of the data set; `make docs-tables` writes the table from there.
"""

import sys
from pathlib import Path
from typing import Any

from tli_bench.records.schema import DownstreamRecord
from tools.packed_runs import command, facts, read

PACKED = Path(__file__).resolve().parent.parent / "leaderboards" / "instruct"
KEPT = (
    "task", "task_version", "documents", "limit", "model", "revision", "dtype", "chat_template", "num_fewshot", "versions",
)  # fmt: skip
COLUMNS = {"exact_match": "exact match", "f1": "F1", "empty": "empty"}


def packed(records: list[DownstreamRecord]) -> list[dict[str, Any]]:
    """What is kept of each record: how it was asked and how it came out."""
    ordered = sorted(records, key=lambda record: (record.task, record.num_fewshot, record.chat_template))
    return [
        facts(record, KEPT) | {"scores": {name: record.scores["base"][name] for name in COLUMNS}} for record in ordered
    ]


def instruct_table(name: str) -> str:
    """One line for each way in which the model was asked."""
    runs = read(PACKED, name)
    lines = [
        f"| task | chat template | examples | documents | {' | '.join(COLUMNS.values())} |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for run in runs:
        values = " | ".join(f"{run['scores'][column]:.3f}" for column in COLUMNS)
        template = "on" if run["chat_template"] else "off"
        lines.append(f"| `{run['task']}` | {template} | {run['num_fewshot']} | {run['documents']} | {values} |")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Pack a folder of runs."""
    return command(arguments, folder=PACKED, pack=packed, usage=str(__doc__))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
