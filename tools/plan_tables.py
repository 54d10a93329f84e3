"""The tables of docs/scale.md, from the figures that `python -m benchmarks.plan --write` wrote (`benchmarks/plan.json`)."""

import json
from pathlib import Path
from typing import Any

RESULT = Path(__file__).resolve().parent.parent / "benchmarks" / "plan.json"


def _read() -> dict[str, Any]:
    return dict(json.loads(RESULT.read_text(encoding="utf-8")))


def measured() -> str:
    """Planned against measured, case by case."""
    found = _read()
    lines = ["| model, what | planned | measured | off |", "|---|---:|---:|---:|"]
    for row in found["rows"]:
        lines.append(
            f"| {row['toy']}, {row['case']} | {row['planned']:,.0f} MB | {row['measured']:,.0f} MB | {row['off']:+.1%} |"
        )
    return "\n".join([*lines, "", f"torch {found['made']['torch']}, {found['made']['date']}."])


def printed() -> str:
    """What the command prints."""
    blocks = []
    for one in _read()["printed"]:
        command = one["command"].replace("tli_bench ", "tli-bench ")
        blocks.append("\n".join(["```", f"$ {command}", *one["lines"], "```"]))
    return "\n\n".join(blocks)


TABLES = {"plan_measured": measured, "plan_printed": printed}
