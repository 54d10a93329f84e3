"""Tables of docs/explanation/real-models.md, from the committed board."""

import csv
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import fmean

from tli_bench.lexicon import load_lexicon
from tli_bench.lexicon.facts import BANDS
from tli_bench.lexicon.pairs import Split
from tli_bench.models.identity import BEFORE_AFTER
from tli_bench.records import RecordStore
from tli_bench.report.scopes import short_pair
from tools.leaderboard_records import RECORDS

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


def bands_table(model: str, adapter: str, pair: str) -> str:
    """Words of one pair by the frequency of the English one: their share of each split, and what control words score without and with.

    The last row weights the bands of the control words as the dev words have them.
    """
    record = next(
        record
        for record in RecordStore(RECORDS / model)
        if record.pair == pair and record.signature.adapter and record.signature.adapter.name == adapter
    )
    assert record.controls is not None
    score = {
        (row.state, row.label): row
        for row in record.controls.strata
        if row.split is Split.CONTROL and row.kind == "frequency" and row.layer == record.best_layer[record.state]
    }
    lexicon = load_lexicon("core", pair=pair)
    splits = (Split.TRAIN, Split.DEV, Split.CONTROL)
    share = {(s, band): fmean(word.band == band for word in lexicon.of(s)) for s in splits for band in BANDS}
    lines = ["| English word | train | dev | control | control words, base | adapted | gain |", f"|---|{'---:|' * 6}"]
    for band in reversed(BANDS):
        before, after = (score[state, band].value for state in BEFORE_AFTER)
        shares = " | ".join(f"{share[s, band]:.0%}" for s in splits)
        lines.append(f"| {band} | {shares} | {before:.3f} | {after:.3f} | {after - before:+.3f} |")
    before, after = (sum(share[Split.DEV, band] * score[state, band].value for band in BANDS) for state in BEFORE_AFTER)
    return "\n".join([*lines, f"| *weighted as dev* |  |  |  | {before:.3f} | {after:.3f} | {after - before:+.3f} |"])
