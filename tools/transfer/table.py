"""The transfer matrix as a table for docs, from the committed file that --pack wrote."""

import json
from pathlib import Path
from typing import Any

from tli_bench.report.scopes import short_pair
from tools.transfer.matrix import ALL

PACKED = Path(__file__).resolve().parent.parent.parent / "leaderboards" / "transfer"


def gain_table(model: str) -> str:
    """What each training of a model gave every pair."""
    return matrix_table(_told(model), "gain")


def net_table(model: str) -> str:
    """The same, net of the twin on shuffled pairs, of the trainings that have one."""
    return matrix_table(_told(model), "net")


def _told(model: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((PACKED / f"{model}.json").read_text(encoding="utf-8"))
    return told


def matrix_table(told: dict[str, Any], kind: str) -> str:
    """Scored pairs as rows, trained pairs as columns, at the layer that dev words chose; bold where the 95 % interval leaves out zero."""
    cells = {pair: row for pair, row in told["cells"]["chosen"].items() if any(kind in cell for cell in row.values())}
    lines = [
        f"| scored on | base | {' | '.join(short_pair(pair) for pair in cells)} |",
        f"|---|---:|{'---:|' * len(cells)}",
    ]
    for scored in (*told["base"]["chosen"], ALL):
        before = told["base"]["chosen"].get(scored)
        shown = [_cell(row.get(scored, {}).get(kind), own=pair == scored) for pair, row in cells.items()]
        name = "**mean of all**" if scored == ALL else short_pair(scored)
        lines.append(f"| {name} | {'' if before is None else f'{before:.3f}'} | {' | '.join(shown)} |")
    return "\n".join(lines)


def _cell(cell: list[float] | None, *, own: bool) -> str:
    if cell is None:
        return "–"
    value, low, high, _ = cell
    text = f"{value:+z.3f}".replace("-", "−")
    text = f"**{text}**" if low > 0 or high < 0 else text
    return f"{text} ◂" if own else text
