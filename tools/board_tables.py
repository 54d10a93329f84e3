"""Tables of docs/explanation/real-models.md, from the committed board."""

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

from tli_bench.report.scopes import short_pair

BOARD = Path(__file__).resolve().parent.parent / "leaderboards" / "leaderboard.csv"
SCORE = "control_p1_of_50"
Rows = list[dict[str, str]]


def _measured() -> Rows:
    """Rows of the board that are no demonstration and have a score."""
    with BOARD.open(encoding="utf-8", newline="") as handle:
        return [row for row in csv.DictReader(handle) if row["demonstration"] == "false" and row[SCORE]]


def _who(row: dict[str, str]) -> str:
    return row["adapter"] or row["model"]


def _scopes(rows: Rows) -> list[tuple[str, str]]:
    """All pairs, the families, then each pair, as the board has them."""
    kept = [(row["scope_kind"], row["scope"]) for row in rows if row["scope_kind"] in ("overall", "family", "pair")]
    return list(dict.fromkeys(kept))


def _short(kind: str, scope: str) -> str:
    if kind == "pair":
        return short_pair(scope)
    return {"overall": "**all pairs**", "families": "**families equally**"}.get(scope, f"*{scope}*")


def _table(rows: Rows, names: Iterable[str], cell: Callable[[dict[str, str]], str]) -> str:
    names = list(names)
    found = {(row["scope_kind"], row["scope"], _who(row)): row for row in rows}
    lines = [f"| | {' | '.join(f'`{name}`' for name in names)} |", f"|---|{'---:|' * len(names)}"]
    for kind, scope in _scopes(rows):
        cells = [cell(found[kind, scope, name]) if (kind, scope, name) in found else "–" for name in names]
        lines.append(f"| {_short(kind, scope)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def real_board_table() -> str:
    """P@1 of 50 of the control words of every real row, best first, with spelling alone beside them."""
    rows = _measured()
    overall = [row for row in rows if row["scope"] == "overall"]
    names = [_who(row) for row in sorted(overall, key=lambda row: -float(row[SCORE]))]
    spelled = [
        dict(row) | {"model": "spelling alone", "adapter": "", SCORE: row["spelling"]}
        for row in rows
        if _who(row) == names[0]
    ]

    def cell(row: dict[str, str]) -> str:
        bounds = (
            f" [{float(row['ci_low']):.3f}, {float(row['ci_high']):.3f}]"
            if row["ci_low"] and row["scope_kind"] == "overall"
            else ""
        )
        return f"{float(row[SCORE]):.3f}" + (bounds if row["model"] != "spelling alone" else "")

    return _table(rows + spelled, [*names, "spelling alone"], cell)


def real_gain_table() -> str:
    """What each adapter of a real model adds to its base, and how much of that its twin on shuffled pairs does not."""
    rows = [row for row in _measured() if row["adapter"]]

    def cell(row: dict[str, str]) -> str:
        net = f" ({float(row['net_of_twin']):+.3f})" if row["net_of_twin"] else ""
        return (f"{float(row['p1_of_50_change']):+.3f}" + net).replace("-", "−")

    return _table(rows, dict.fromkeys(_who(row) for row in rows), cell)
