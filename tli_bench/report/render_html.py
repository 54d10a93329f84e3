"""The leaderboard as one HTML file that needs no network: table, charts and data are inside it."""

import html
from collections.abc import Sequence
from typing import Any

from tli_bench.base.wording import spelt_out, visible
from tli_bench.measures.measure import Measure
from tli_bench.measures.registry import standard_error_of
from tli_bench.records.audit import MEANING
from tli_bench.report.columns import AUDIT, DIGITS, FLAG, columns, compared_measures, score_column, shown
from tli_bench.report.embed import ROOM, embedded, filled, pack_curve, pack_widths, script, script_hash
from tli_bench.report.entries import Entry, Unit, signature_of
from tli_bench.report.render_md import how_to_read
from tli_bench.report.reported import Reported
from tli_bench.report.scopes import Scope, pair_label
from tli_bench.report.sweeps import ABOUT as SWEEPS_ABOUT
from tli_bench.report.sweeps import Line, Score, Sweep, lines, pairs_of, scores_of, table_rows
from tli_bench.report.table import (
    Board,
    Leaderboard,
    Row,
    board_label,
    cell_text,
    interval_text,
    model_label,
    rank_text,
    row_label,
    training_label,
)
from tli_bench.report.trainings import ABOUT as TRAININGS_ABOUT
from tli_bench.report.trainings import KINDS, Change, Contest, base_units, kind_of, quantities


def render_html(leaderboard: Leaderboard) -> str:
    """The whole page. Scripts run only by their hash, so nothing that a record says can become one."""
    scripts = [
        script((ROOM / "vendor" / "dataTables.min.js").read_text(encoding="utf-8")),
        script((ROOM / "vendor" / "uPlot.iife.min.js").read_text(encoding="utf-8")),
        script((ROOM / "assets" / "page.js").read_text(encoding="utf-8")),
    ]
    styles = [ROOM / "vendor" / "uPlot.min.css", ROOM / "assets" / "page.css"]
    first = leaderboard.boards[0] if leaderboard.boards else None
    parts = {
        "SCRIPT_HASHES": " ".join(f"'sha256-{script_hash(text)}'" for text in scripts),
        "STYLES": "\n".join(path.read_text(encoding="utf-8") for path in styles),
        "UPDATED": html.escape(f"Latest record: {visible(leaderboard.updated)}." if leaderboard.updated else ""),
        "HOW_TO_READ": html.escape(how_to_read().replace("`", "")),
        "COLUMN_NOTES": "".join(
            f"<dt>{html.escape(c.label)}</dt><dd>{html.escape(c.about)}</dd>" for c in (score_column(), *columns())
        ),
        "TRAININGS_ABOUT": html.escape(TRAININGS_ABOUT),
        "SWEEPS_ABOUT": html.escape(SWEEPS_ABOUT),
        "CAPTION": html.escape(f"All pairs, {_title(first)}" if first else "No measured rows yet"),
        "HEADER": _header(),
        "ROWS": _static_rows(first) if first else "",
        "REPORTED": _reported(leaderboard),
        "LEFT_OUT": _left_out(leaderboard),
        "DATA": embedded(_data(leaderboard)),
        "SCRIPTS": "\n".join(f"<script>{text}</script>" for text in scripts),
    }
    return filled((ROOM / "assets" / "page.html").read_text(encoding="utf-8"), parts)


class _Texts:
    """Every text once: rows hold its index, -1 for none."""

    def __init__(self) -> None:
        self.list: list[str] = []
        self._index: dict[str, int] = {}

    def add(self, text: str | None) -> int:
        if not text:
            return -1
        if text not in self._index:
            self._index[text] = len(self.list)
            self.list.append(text)
        return self._index[text]


def _data(leaderboard: Leaderboard) -> dict[str, Any]:
    texts = _Texts()
    boards = [_board(board, texts) for board in leaderboard.boards]
    shown_columns = [
        {"id": c.id, "label": c.label, "digits": DIGITS, "signed": c.signed, "low": c.low} for c in columns()
    ]
    scores = scores_of(leaderboard.sweeps)
    return {
        "columns": shown_columns,
        "audit": [column["id"] for column in shown_columns].index(AUDIT),
        "flag": FLAG,
        "measures": [{"label": m.label, "share": m.share} for m in compared_measures()],
        "boards": boards,
        "texts": texts.list,
        "kinds": KINDS,
        "quantities": [quantity.label for quantity in quantities().values()],
        "scores": [score.label for score in scores],
        "sweeps": [_sweep(sweep, pair, scores) for sweep, pair in pairs_of(leaderboard.sweeps)],
    }


def _board(board: Board, texts: _Texts) -> dict[str, Any]:
    bases = base_units(board.entries)
    contests: dict[Scope, list[Contest]] = {}
    for contest in board.contests:
        contests.setdefault(contest.scope, []).append(contest)
    return {
        "title": _title(board),
        "columns": board.columns,
        "entries": [_entry(entry, bases[i], texts) for i, entry in enumerate(board.entries)],
        "sections": [
            {
                "kind": s.scope.kind,
                "id": visible(s.scope.id),
                "label": visible(s.scope.label),
                "pairs": [visible(pair) for pair in s.scope.pairs],
                "rows": [_row(row) for row in s.rows],
                "contests": [_contest(contest) for contest in contests.get(s.scope, [])],
            }
            for s in board.sections
        ],
    }


def _title(board: Board) -> str:
    return board_label(board.key)


def _contest(contest: Contest) -> list[Any]:
    """Base, its own values, and one row per contender: entry, changes packed as a curve, change of English."""
    values = [_round(contest.values.get(name)) for name in quantities()]
    rows = [
        [
            row.entry,
            pack_curve([n for name in quantities() for n in _numbers(row.changes.get(name))]),
            _round(row.english),
        ]
        for row in contest.rows
    ]
    return [contest.base, values, rows]


def _numbers(change: Change | None) -> list[float | None]:
    return [change.value, *(change.ci or (None, None))] if change else [None, None, None]


def _sweep(sweep: Sweep, pair: str, scores: Sequence[Score]) -> dict[str, Any]:
    quantized = f", {sweep.quantization}" if sweep.quantization else ""
    hashed = sweep.lexicon_hashes.get(pair, "")[:8]
    trainings = [p for p in sweep.points if p.pair == pair]
    return {
        "title": visible(f"{sweep.name}: {sweep.model}, {pair_label(pair)}"),
        "about": visible(
            f"{sweep.model} at {sweep.revision}, {sweep.dtype}{quantized}; lexicon {sweep.lexicon} ({hashed}); "
            f"{len(trainings)} trainings, {len({p.seed for p in trainings})} seeds",
            limit=300,
        ),
        "scores": [
            [_line(line) for line in lines(sweep, pair, measure=s.measure, split=s.split, layer=s.layer)]
            for s in scores
        ],
        "rows": [[visible(cell) for cell in row] for row in table_rows(sweep, pair, scores)],
    }


def _line(line: Line) -> dict[str, Any]:
    level = line.level
    return {
        "label": visible(line.label, limit=80),
        "points": [[p.x, _round(p.gain.mean), *(_round(end) for end in p.gain.ci or ())] for p in line.points],
        "level": [_round(level.mean), *(_round(end) for end in level.ci or ())] if level else None,
    }


def _entry(entry: Entry, bases: dict[str, Unit], texts: _Texts) -> dict[str, Any]:
    trained, adapter = entry.trained, entry.signature.adapter
    found = {
        "model": model_label(entry),
        "training": training_label(entry),
        "kind": entry.kind,
        "signature": spelt_out(signature_of(entry)),
        "units": [_unit(unit, bases.get(pair), texts) for pair, unit in entry.units.items()],
    }
    if trained:
        found |= {
            "how": kind_of(entry),
            "pair": visible(trained.trained_on or "–"),
            "loss": visible(", ".join(trained.loss_layers) or "–", limit=40),
            "recipe": visible(trained.recipe or "not stated", limit=40),
            "rank": adapter.rank if adapter else None,
            "parameters": trained.trainable_parameters,
        }
    return found


def _unit(unit: Unit, base: Unit | None, texts: _Texts) -> list[Any]:
    """In the order that `unitOf` in page.js reads: what it is, then value and curves of each measure; texts by index."""
    return [
        texts.add(visible(unit.pair)),
        texts.add(visible(unit.layer, limit=20)),
        texts.add(" ".join(visible(layer, limit=20).replace(" ", "_") for layer in unit.layers)),
        len(unit.words),
        texts.add(visible(unit.created, limit=40)),
        texts.add(visible(unit.commit or "", limit=50)),
        texts.add(visible(unit.command, limit=1000)),
        texts.add(visible(unit.verdict, limit=200)),
        *(_drawn(measure, unit, base, texts) for measure in compared_measures()),
    ]


def _drawn(measure: Measure, unit: Unit, base: Unit | None, texts: _Texts) -> list[Any]:
    """Value, curve, the base's curve, and the half widths of both bands."""
    error = standard_error_of(measure)
    sides = (unit.curves, base.curves if base else {})
    curves = [side.get(measure.name) for side in sides]
    widths = [side.get(error.name) if error else None for side in sides]
    return [
        _round(unit.values.get(measure.name)),
        *(texts.add(pack_curve(curve)) if curve else -1 for curve in curves),
        *(texts.add(pack_widths(curve)) if curve else -1 for curve in widths),
    ]


def _row(row: Row) -> list[Any]:
    place = row.ranked
    values = [_round(row.cells.get(column.id)) for column in columns()]
    while values and values[-1] is None:
        values.pop()
    # Packed to a third of the size, where the code holds them all; a score of another scale stays as it is.
    cells = pack_curve(values) if all(v is None or abs(v) <= 2.047 for v in values) else values
    audit = [int(row.flagged), _told_of_audit(row)]
    if place is None:
        return [row.entry, None, 0, None, None, _round(row.score), None, None, cells, row.unranked, *audit]
    ci = (_round(place.ci[0]), _round(place.ci[1]))
    return [row.entry, place.rank, int(place.tied), *place.rank_interval, _round(row.score), *ci, cells, "", *audit]


def _told_of_audit(row: Row) -> str:
    """What the audit cell says when it is pointed at."""
    if row.gap is None:
        return row.unaudited
    found = row.gap.difference
    bounds = "" if found.low is None or found.high is None else f" [{found.low:+.3f}, {found.high:+.3f}]"
    told = f"Control minus audit {found.value:+.3f}{bounds}.".replace("-", "−")
    return f"{told} {MEANING}" if row.flagged else told


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _header() -> str:
    names = [
        ("", ""),
        ("Rank", "n"),
        ("Rank 95\u00a0%", "n low"),
        ("Model", ""),
        ("Training", ""),
        (f"{score_column().label} [95\u00a0%]", "n"),
    ]
    names += [(c.label, "n low" if c.low else "n") for c in columns()]
    first = '<th scope="col"><span class="visually-hidden">Details</span></th>'
    return first + "".join(f'<th scope="col" class="{kind}">{html.escape(name)}</th>' for name, kind in names[1:])


def _static_rows(board: Board, *, limit: int = 100) -> str:
    """The first rows as plain HTML, for readers without scripts; the script replaces them."""
    lines = []
    for row in board.sections[0].rows[:limit]:
        entry, place = board.entries[row.entry], row.ranked
        interval = f" [{place.ci[0]:.3f}, {place.ci[1]:.3f}]" if place else ""
        note = f" ({row.unranked})" if row.unranked else ""
        texts = ["", rank_text(row), interval_text(row), model_label(entry), row_label(entry) + note]
        texts += [shown(score_column(), row.score) + interval, *(cell_text(c, row) for c in columns())]
        kinds = ["", "n", "n low", "who", "who", "n", *("n low" if c.low else "n" for c in columns())]
        titles = [""] * (len(texts) - len(columns())) + [
            _told_of_audit(row) if c.id == AUDIT else "" for c in columns()
        ]
        cells = map(_cell, texts, kinds, titles)
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return "\n".join(lines)


def _cell(text: str, kind: str, title: str) -> str:
    told = f' title="{html.escape(title)}"' if title else ""
    return f'<td class="{kind}"{told}>{html.escape(text)}</td>'


def _reported(leaderboard: Leaderboard) -> str:
    if not leaderboard.reported:
        return "<p>None.</p>"
    names = (
        "Model",
        "Method",
        "Pair",
        "Words",
        "n",
        "Quantity",
        "Protocol",
        "Layer",
        "Before",
        "Value",
        "p",
        "Source",
        "Note",
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    body = "\n".join(f"<tr>{''.join(_reported_cells(row))}</tr>" for row in leaderboard.reported)
    caption = "<caption>Published figures with their source</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _reported_cells(row: Reported) -> list[str]:
    ci = f" [{row.ci[0]:g}, {row.ci[1]:g}]" if row.ci else ""
    before = "–" if row.before is None else f"{row.before:g}"
    p = "–" if row.p is None else f"{row.p:.2e}"
    texts = (
        row.model,
        row.method,
        row.pair,
        row.split,
        "–" if row.n is None else str(row.n),
        row.quantity,
        row.protocol,
        row.layer,
    )
    cells = [f"<td>{html.escape(visible(text, limit=200))}</td>" for text in (*texts, before, f"{row.value:g}{ci}", p)]
    how = ", recomputed from its per-pair values" if row.source.recomputed else ""
    link = f'<a href="{html.escape(row.source.url)}" rel="noreferrer">{html.escape(visible(row.source.title))}</a>'
    return [*cells, f"<td>{link}, {row.source.year}{how}</td>", f"<td>{html.escape(visible(row.note, limit=500))}</td>"]


def _left_out(leaderboard: Leaderboard) -> str:
    if not leaderboard.left_out:
        return ""
    lines = "".join(f"<li>{html.escape(visible(line))}</li>" for line in leaderboard.left_out)
    return f"<details><summary>Records that no table holds</summary><ul>{lines}</ul></details>"
