"""The leaderboard as one HTML file that needs no network: conclusion, picture, table, charts and data are inside it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tli_bench import __version__
from tli_bench.base.wording import visible
from tli_bench.measures.registry import get_measure
from tli_bench.measures.roles import HEADLINE
from tli_bench.report.columns import AUDIT, Column, columns, score_column, shown
from tli_bench.report.conclusion import Conclusion, conclude
from tli_bench.report.embed import ROOM, closed_script, script, script_hash
from tli_bench.report.page.address import board_ids, row_id, told_apart
from tli_bench.report.page.audit import told_of_audit
from tli_bench.report.page.data import page_data
from tli_bench.report.page.defaults import default_columns
from tli_bench.report.page.figure import Figure, figure_of
from tli_bench.report.page.packed import packed
from tli_bench.report.render_md import how_to_read
from tli_bench.report.reported import Reported
from tli_bench.report.sweeps import ABOUT as SWEEPS_ABOUT
from tli_bench.report.table import (
    Board,
    Leaderboard,
    board_label,
    cell_text,
    interval_text,
    model_label,
    rank_text,
    row_label,
)
from tli_bench.report.trainings import ABOUT as TRAININGS_ABOUT

_LIBRARIES = ("dataTables.min.js", "uPlot.iife.min.js")
_SCRIPT = (
    "base",
    "address",
    "columns",
    "figure",
    "charts",
    "detail",
    "table",
    "compare",
    "trainings",
    "download",
    "start",
)
"""Parts of the page's script, in the order they need each other."""
_STATIC = 100
"""Rows that stand in the page itself, for readers without scripts."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """One board as the template shows it. figures: by the scope's id."""

    id: str
    title: str
    demonstration: bool
    conclusion: Conclusion
    figures: dict[str, Figure]

    @property
    def picture(self) -> Figure | None:
        """Of all pairs."""
        return self.figures.get("overall")


def render_html(leaderboard: Leaderboard) -> str:
    """The whole page. Scripts run only by their hash, so nothing that a record says can become one."""
    scripts = [script((ROOM / "vendor" / name).read_text(encoding="utf-8")) for name in _LIBRARIES]
    scripts.append(_own_script())
    boards = [_shown(board, name) for board, name in _named(leaderboard)]
    first = leaderboard.boards[0] if leaderboard.boards else None
    return template("page.html").render(
        script_hashes=Markup(" ".join(f"'sha256-{script_hash(text)}'" for text in scripts)),
        styles=styles(),
        scripts=[Markup(text) for text in scripts],
        data=packed(page_data(leaderboard)),
        version=__version__,
        updated=visible(leaderboard.updated),
        boards=boards,
        score=score_column(),
        headline=get_measure(HEADLINE).label,
        columns=columns(),
        how_to_read=how_to_read().replace("`", ""),
        trainings_about=TRAININGS_ABOUT,
        sweeps_about=SWEEPS_ABOUT,
        audited=first is not None and AUDIT in first.columns,
        static=_static(first) if first else None,
        reported=[_reported(row) for row in leaderboard.reported],
        left_out=[visible(line) for line in leaderboard.left_out],
    )


@cache
def template(name: str) -> Any:
    """A page's template, with autoescape; a value that it lacks is an error."""
    environment = Environment(
        loader=FileSystemLoader(ROOM / "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["safe_data"] = Markup
    return environment.get_template(name)


def styles() -> Markup:
    """The style sheets of a page, as the text of one element."""
    return Markup("\n".join(path.read_text(encoding="utf-8") for path in _styles()))


def _styles() -> Iterator[Path]:
    yield ROOM / "vendor" / "uPlot.min.css"
    yield ROOM / "assets" / "page.css"
    yield from (ROOM / "assets" / "page" / f"{name}.css" for name in ("narrow", "print"))


def _own_script() -> str:
    return closed_script(ROOM / "assets" / name for name in ("shared.js", *(f"page/{part}.js" for part in _SCRIPT)))


def _named(leaderboard: Leaderboard) -> list[tuple[Board, str]]:
    ids = board_ids([board.key for board in leaderboard.boards])
    return list(zip(leaderboard.boards, ids, strict=True))


def _shown(board: Board, name: str) -> _Shown:
    figures = {visible(s.scope.id): figure for s in board.sections if (figure := figure_of(board, s))}
    return _Shown(name, board_label(board.key), board.key.demonstration, conclude(board), figures)


@dataclass(frozen=True, slots=True)
class _Static:
    """The first table as plain cells: text and what it says when it is pointed at."""

    caption: str
    columns: tuple[Column, ...]
    rows: list[dict[str, Any]]


def _static(board: Board) -> _Static:
    held, apart = default_columns(board), told_apart(board.entries)
    rows = []
    for row in board.sections[0].rows[:_STATIC]:
        entry, place = board.entries[row.entry], row.ranked
        rows.append(
            {
                "id": row_id(entry.key),
                "rank": rank_text(row),
                "places": interval_text(row),
                "model": model_label(entry),
                "training": row_label(entry),
                "apart": apart[row.entry],
                "note": row.unranked,
                "score": shown(score_column(), row.score),
                "interval": f"[{place.ci[0]:z.3f}, {place.ci[1]:z.3f}]".replace("-", "−") if place else "",
                "cells": [(cell_text(c, row), told_of_audit(row) if c.id == AUDIT else "") for c in held],
            }
        )
    return _Static(f"All pairs, {board_label(board.key)}", held, rows)


def _reported(row: Reported) -> dict[str, Any]:
    interval = f" [{row.ci[0]:g}, {row.ci[1]:g}]" if row.ci else ""
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
    return {
        "texts": [visible(text, limit=200) for text in texts],
        "numbers": [
            "–" if row.before is None else f"{row.before:g}",
            f"{row.value:g}{interval}",
            "–" if row.p is None else f"{row.p:.2e}",
        ],
        "url": row.source.url,
        "title": visible(row.source.title),
        "year": row.source.year,
        "how": ", recomputed from its per-pair values" if row.source.recomputed else "",
        "note": visible(row.note, limit=500),
    }
