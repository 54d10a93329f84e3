"""What the page's script reads: boards, rows, curves and what was trained, as plain JSON with three digits."""

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

from tli_bench import __version__
from tli_bench.base.wording import spelt_out, visible
from tli_bench.measures.measure import Measure
from tli_bench.measures.registry import get_measure, standard_error_of
from tli_bench.measures.roles import HEADLINE
from tli_bench.records.schema import Curve
from tli_bench.report.columns import AUDIT, DIGITS, FLAG, Column, columns, compared_measures, score_column
from tli_bench.report.entries import Entry, Unit, signature_of
from tli_bench.report.page.address import board_ids, row_id, told_apart
from tli_bench.report.page.audit import told_of_audit
from tli_bench.report.page.defaults import default_columns
from tli_bench.report.page.facts import facts_of
from tli_bench.report.page.links import record_links
from tli_bench.report.page.pairwise import Differences, differences_of
from tli_bench.report.scopes import Scope, pair_label
from tli_bench.report.sources import sources
from tli_bench.report.sweeps import Line, Score, Sweep, lines, pairs_of, scores_of, table_rows
from tli_bench.report.table import Board, Leaderboard, Row, board_label, model_label, training_label
from tli_bench.report.trainings import KINDS, Change, Contest, base_units, kind_of, quantities

Z = 1.959963984540054
"""Standard errors to each side of a 95 % band."""


class _Pool:
    """Every text and curve once: rows hold its index, -1 for none."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.curves: list[list[float | None]] = []
        self._text: dict[str, int] = {}
        self._curve: dict[tuple[float | None, ...], int] = {}

    def text(self, text: str | None) -> int:
        if not text:
            return -1
        if text not in self._text:
            self._text[text] = len(self.texts)
            self.texts.append(text)
        return self._text[text]

    def curve(self, values: Sequence[float | None] | None) -> int:
        if not values:
            return -1
        key = tuple(values)
        if key not in self._curve:
            self._curve[key] = len(self.curves)
            self.curves.append(list(key))
        return self._curve[key]


def page_data(leaderboard: Leaderboard) -> dict[str, Any]:
    """All that is embedded. Third-party text is safe on one line; the script writes it as text, never as HTML."""
    pool = _Pool()
    scores = scores_of(leaderboard.sweeps)
    ids = board_ids([board.key for board in leaderboard.boards])
    held = columns()
    return {
        "version": __version__,
        "updated": visible(leaderboard.updated),
        "headline": {"id": HEADLINE, "label": get_measure(HEADLINE).label},
        "score": _column(score_column()),
        "columns": [_column(column) for column in held],
        "sources": [{"id": s.id, "label": s.label, "about": s.about} for s in sources()],
        "audit": [column.id for column in held].index(AUDIT),
        "flag": FLAG,
        "measures": [{"label": m.label, "share": m.share} for m in compared_measures()],
        "boards": [
            _board(board, name, pool, seed=leaderboard.seed)
            for board, name in zip(leaderboard.boards, ids, strict=True)
        ],
        "texts": pool.texts,
        "curves": pool.curves,
        "kinds": KINDS,
        "quantities": [quantity.label for quantity in quantities().values()],
        "scores": [score.label for score in scores],
        "sweeps": [_sweep(sweep, pair, scores) for sweep, pair in pairs_of(leaderboard.sweeps)],
    }


def _column(column: Column) -> dict[str, Any]:
    return {"id": column.id, "label": column.label, "about": column.about, "digits": DIGITS, "signed": column.signed}


def _board(board: Board, name: str, pool: _Pool, *, seed: int) -> dict[str, Any]:
    bases, held = base_units(board.entries), [column.id for column in columns()]
    contests: dict[Scope, list[Contest]] = {}
    for contest in board.contests:
        contests.setdefault(contest.scope, []).append(contest)
    return {
        "id": name,
        "title": board_label(board.key),
        "demonstration": board.key.demonstration,
        "protocol": visible(board.key.protocol),
        "lexicon": visible(f"{board.key.lexicon} ({board.key.lexicon_hash[:8]})"),
        "columns": board.columns,
        "defaults": [column.id for column in default_columns(board)],
        "entries": [
            _entry(entry, bases[i], apart, pool)
            for i, (entry, apart) in enumerate(zip(board.entries, told_apart(board.entries), strict=True))
        ],
        "sections": [
            {
                "kind": s.scope.kind,
                "id": visible(s.scope.id),
                "label": visible(s.scope.label),
                "pairs": [visible(pair) for pair in s.scope.pairs],
                "rows": [_row(row, held) for row in s.rows],
                "contests": [_contest(contest) for contest in contests.get(s.scope, [])],
                "differences": _differences(differences_of(board, s, seed=seed)),
            }
            for s in board.sections
        ],
    }


def _differences(found: Differences | None) -> dict[str, Any] | None:
    return None if found is None else {"rows": found.rows, "table": found.table}


def _contest(contest: Contest) -> list[Any]:
    """Base, its own values, and one row per contender: entry, changes with both ends of their intervals, change of English."""
    values = [_round(contest.values.get(name)) for name in quantities()]
    rows = [
        [row.entry, [_numbers(row.changes.get(name)) for name in quantities()], _round(row.english)]
        for row in contest.rows
    ]
    return [contest.base, values, rows]


def _numbers(change: Change | None) -> list[float | None]:
    return [_round(v) for v in (change.value, *(change.ci or (None, None)))] if change else [None, None, None]


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


def _entry(entry: Entry, bases: dict[str, Unit], apart: str, pool: _Pool) -> dict[str, Any]:
    trained, adapter, records = entry.trained, entry.signature.adapter, record_links(entry)
    found = {
        "id": row_id(entry.key),
        "model": model_label(entry),
        "training": training_label(entry),
        "kind": entry.kind,
        "apart": apart,
        "facts": [[known.label, known.value, *([known.link] if known.link else [])] for known in facts_of(entry)],
        "signature": spelt_out(signature_of(entry)),
        "units": [_unit(unit, bases.get(pair), records.get(pair), pool) for pair, unit in entry.units.items()],
    }
    if package := entry.signature.package:
        found["licence"] = visible(package.licence)
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


def _unit(unit: Unit, base: Unit | None, record: str | None, pool: _Pool) -> list[Any]:
    """In the order that `unitOf` in the script reads: what it is, then value and curves of each measure; texts by index."""
    return [
        pool.text(visible(unit.pair)),
        pool.text(_layer(unit.layer)),
        pool.text(_layers(unit.layers)),
        len(unit.words),
        pool.text(visible(unit.created, limit=40)),
        pool.text(visible(unit.commit or "", limit=50)),
        pool.text(visible(unit.command, limit=1000)),
        pool.text(visible(unit.verdict, limit=200)),
        pool.text(record),
        [[_layer(layer), *map(_round, (e.value, e.low, e.high))] for layer, e in unit.changes.items()],
        *(_drawn(measure, unit, base, pool) for measure in compared_measures()),
    ]


@cache
def _layers(names: tuple[str, ...]) -> str:
    return " ".join(map(_layer, names))


def _layer(name: str) -> str:
    """A layer's name without a space, as names are joined by spaces."""
    return visible(name, limit=20).replace(" ", "_")


def _drawn(measure: Measure, unit: Unit, base: Unit | None, pool: _Pool) -> list[Any]:
    """Value, curve, the base's curve, and the half widths of both bands."""
    error = standard_error_of(measure)
    sides = (unit.curves, base.curves if base else {})
    curves = [side.get(measure.name) for side in sides]
    widths = [side.get(error.name) if error else None for side in sides]
    return [
        _round(unit.values.get(measure.name)),
        *(pool.curve(_rounded(curve)) for curve in curves),
        *(pool.curve(_half_widths(curve)) for curve in widths),
    ]


def _rounded(curve: Curve | None) -> list[float | None]:
    return [None if value is None else round(value, 3) for value in curve or ()]


def _half_widths(errors: Curve | None) -> list[float | None]:
    """Of 95 % bands, rounded up: a band is never drawn narrower than it is."""
    return [None if e is None else math.ceil(Z * e * 1000) / 1000 for e in errors or ()]


def _row(row: Row, held: Sequence[str]) -> list[Any]:
    """held: ids of the columns, in the order of the cells."""
    place = row.ranked
    values = _short(_rounded([row.cells.get(name) for name in held]))
    told = [
        int(row.flagged),
        told_of_audit(row),
        _spread(row),
    ]
    if place is None:
        return [row.entry, None, 0, None, None, _round(row.score), None, None, values, row.unranked, *told]
    ci = (_round(place.ci[0]), _round(place.ci[1]))
    return [row.entry, place.rank, int(place.tied), *place.rank_interval, _round(row.score), *ci, values, "", *told]


def _spread(row: Row) -> list[Any]:
    """In the order of `sources()`: one number or both ends each, of seeds the number of trainings too."""
    spread, drawn = row.spread, row.ranked.drawn_interval if row.ranked else None
    without = spread.without and [_round(end) for end in spread.without]
    seeds = None if spread.seeds is None else [_round(spread.seeds), spread.trainings]
    return _short([_round(spread.words), _round(spread.pairs), without, spread.places, drawn, seeds])


def _short(values: list[Any]) -> list[Any]:
    """Without what is missing at the end."""
    while values and values[-1] is None:
        values.pop()
    return values


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
