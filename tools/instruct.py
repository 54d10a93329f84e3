"""What a chat template and examples change: `python -m tools.instruct pack FOLDER NAME` keeps the scores of the runs in FOLDER.

The commands that make them are in docs/explanation/real-models.md. Only scores are kept, in `leaderboards/instruct/NAME.json`, and
nothing of the data set; `make docs-tables` writes the table from there.
"""

import json
import sys
from pathlib import Path
from typing import Any

from tli_bench.base.files import write_text
from tli_bench.records.downstream import iter_downstream

PACKED = Path(__file__).resolve().parent.parent / "leaderboards" / "instruct"
KEPT = (
    "task", "task_version", "documents", "limit", "model", "revision", "dtype", "chat_template", "num_fewshot", "versions",
)  # fmt: skip
COLUMNS = {"exact_match": "exact match", "f1": "F1", "empty": "empty"}


def packed(folder: Path) -> list[dict[str, Any]]:
    """What is kept of each record under a folder: how it was asked and how it came out."""
    records = sorted(
        iter_downstream(folder), key=lambda record: (record.task, record.num_fewshot, record.chat_template)
    )
    return [
        {name: record.model_dump(mode="json")[name] for name in KEPT}
        | {"scores": {name: record.scores["base"][name] for name in COLUMNS}}
        for record in records
    ]


def instruct_table(name: str) -> str:
    """One line for each way in which the model was asked."""
    runs = json.loads((PACKED / f"{name}.json").read_text(encoding="utf-8"))
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
    match arguments:
        case ["pack", folder, name]:
            path = PACKED / f"{name}.json"
            write_text(path, json.dumps(packed(Path(folder)), indent=1) + "\n")
            print(f"{path}: written; `make docs-tables` writes the table")
            return 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
