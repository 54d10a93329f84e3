"""The page's first picture: a dot and an interval for every ranked row, grouped where the order is not certain."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tli_bench.measures.roles import CHANCE, HEADLINE
from tli_bench.report.columns import DIGITS, SPELLING
from tli_bench.report.conclusion import tiers
from tli_bench.report.page.address import row_id, told_apart
from tli_bench.report.scopes import FAMILIES, Scope
from tli_bench.report.table import Board, Row, Section, interval_text, model_label, rank_text, row_label

DRAWN = 20
"""Rows that are drawn; the table has the others."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A score with its 95 % interval. at, low, high: positions in percent of the width; text: as it is printed."""

    at: str
    low: str
    high: str
    score: str
    interval: str


@dataclass(frozen=True, slots=True)
class Line:
    """One ranked row. apart: what tells it from a row of the same name; dots: one for each panel, None where the row has no rank there."""

    rank: str
    places: str
    model: str
    training: str
    apart: str
    id: str
    dots: tuple[Dot | None, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """One average. spelling: what spelling alone scores, with its position; None where that is not known."""

    label: str
    short: str
    spelling: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Figure:
    """Everything that the template draws. tiers: rows in groups between which the order is certain; left: rows not drawn."""

    panels: tuple[Panel, ...]
    tiers: tuple[tuple[Line, ...], ...]
    chance: tuple[str, str]
    ticks: tuple[tuple[str, str], ...]
    left: int


def figure_of(board: Board, section: Section) -> Figure | None:
    """The picture of one section; of all pairs, next to the average that counts every family equally. None without ranked rows."""
    groups = _cut(tiers(section.rows))
    if not groups:
        return None
    sections = [section]
    if section.scope.id == "overall":
        sections += [s for s in board.sections if s.scope.id == FAMILIES and s.scope.pairs]
    found = [{row.entry: row for row in s.rows if row.ranked} for s in sections]
    apart = told_apart(board.entries)
    drawn = [row for group in groups for row in group]
    top = _top([rows[row.entry] for rows in found for row in drawn if row.entry in rows])
    return Figure(
        panels=tuple(
            _panel(s.scope, rows, top, several=len(sections) > 1) for s, rows in zip(sections, found, strict=True)
        ),
        tiers=tuple(tuple(_line(board, row, apart, found, top) for row in group) for group in groups),
        chance=(_at(CHANCE[HEADLINE], top), f"{CHANCE[HEADLINE]:g}"),
        ticks=tuple((_at(value, top), f"{value:.1f}") for value in _ticks(top)),
        left=len(found[0]) - len(drawn),
    )


def _cut(groups: Sequence[Sequence[Row]]) -> list[Sequence[Row]]:
    """The first rows, in their groups."""
    found: list[Sequence[Row]] = []
    for group in groups:
        room = DRAWN - sum(len(one) for one in found)
        if room > 0:
            found.append(group[:room])
    return found


def _top(rows: Sequence[Row]) -> float:
    """The right end of the axis: the next tenth above every interval, at most 1."""
    highest = max((row.ranked.ci[1] for row in rows if row.ranked), default=0.0)
    return min(1.0, max(0.2, math.ceil(highest * 10 + 0.05) / 10))


def _ticks(top: float) -> list[float]:
    step = 0.1 if top <= 0.5 else 0.2
    return [round(step * i, 1) for i in range(int(top / step + 1e-9) + 1)]


def _at(value: float, top: float) -> str:
    return f"{100 * min(max(value / top, 0.0), 1.0):.2f}%"


def _panel(scope: Scope, rows: dict[int, Row], top: float, *, several: bool) -> Panel:
    known = (row.cells.get(SPELLING) for row in rows.values())
    spelling = next((value for value in known if value is not None), None)
    count = len(scope.pairs)
    over = "families, each equally" if scope.id == FAMILIES else f"{count} pairs" if count > 1 else "the pair"
    short = "families" if scope.id == FAMILIES else "pairs"
    return Panel(
        f"mean over {over}" if several or count > 1 else scope.label,
        short if several else "",
        None if spelling is None else (_at(spelling, top), f"{spelling:.{DIGITS}f}"),
    )


def _line(board: Board, row: Row, apart: Sequence[str], found: Sequence[dict[int, Row]], top: float) -> Line:
    entry = board.entries[row.entry]
    return Line(
        rank_text(row),
        interval_text(row),
        model_label(entry),
        row_label(entry),
        apart[row.entry],
        row_id(entry.key),
        tuple(_dot(rows.get(row.entry), top) for rows in found),
    )


def _dot(row: Row | None, top: float) -> Dot | None:
    if row is None or row.ranked is None:
        return None
    score, (low, high) = row.ranked.score, row.ranked.ci
    texts = [f"{value:z.{DIGITS}f}".replace("-", "−") for value in (score, low, high)]
    return Dot(_at(score, top), _at(low, top), _at(high, top), texts[0], f"[{texts[1]}, {texts[2]}]")
