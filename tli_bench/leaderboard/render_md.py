"""The leaderboard as GitHub Markdown."""

from collections.abc import Iterable, Sequence

from tli_bench.leaderboard.columns import COLUMNS, SCORE, shown
from tli_bench.leaderboard.escape import markdown
from tli_bench.leaderboard.reported import Reported
from tli_bench.leaderboard.table import (
    Board,
    Leaderboard,
    Section,
    adapter_label,
    interval_text,
    model_label,
    rank_text,
)

HOW_TO_READ = (
    "Ranks are by control gap: matched minus mismatched cosine on words never trained on, at the layer chosen on the "
    "dev words, averaged over the pairs of the table. `=` marks a tie: another model cannot be told apart from this one "
    "(their difference is below 1.96 standard errors of a bootstrap over concepts). Intervals are 95 %. A model with a "
    "reservation, or without all pairs of a table, is listed below it without a rank."
)


def render_markdown(leaderboard: Leaderboard) -> str:
    """Averages as tables, single pairs as one matrix a board, reported figures apart."""
    lines = ["# Leaderboard", ""]
    if leaderboard.updated:
        lines += [f"Latest record: {markdown(leaderboard.updated)}.", ""]
    lines += [HOW_TO_READ, ""]
    if not leaderboard.boards:
        lines += ["No measured rows yet.", ""]
    for board in leaderboard.boards:
        lines += _board(board)
    lines += _reported(leaderboard.reported)
    if leaderboard.left_out:
        lines += ["## Records that no table holds", "", *(f"- {markdown(line)}" for line in leaderboard.left_out), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _board(board: Board) -> list[str]:
    key = board.key
    title = f"## Measured: protocol {markdown(key.protocol)}, lexicon {markdown(key.lexicon)} ({key.lexicon_hash[:8]})"
    lines = [title, ""]
    for section in board.sections:
        if section.scope.kind in ("overall", "family"):
            lines += _section(board, section)
    return lines + _matrix(board)


def _section(board: Board, section: Section) -> list[str]:
    columns = [c for c in COLUMNS if c.id in board.columns]
    count = len(section.scope.pairs)
    header = ["rank", "95 %", "model", "adapter", f"{SCORE.label} [95 %]", *(c.label for c in columns), "note"]
    lines = [
        f"### {section.scope.label} ({count} pair{'s' if count > 1 else ''})",
        "",
        *_head(header, left=(2, 3, len(header) - 1)),
    ]
    for row in section.rows:
        entry = board.entries[row.entry]
        interval = f" [{row.ranked.ci[0]:.3f}, {row.ranked.ci[1]:.3f}]".replace("-", "−") if row.ranked else ""
        cells = [
            rank_text(row),
            interval_text(row),
            markdown(model_label(entry)),
            markdown(adapter_label(entry)),
            shown(SCORE, row.score) + interval,
            *(shown(c, row.cells.get(c.id)) for c in columns),
            markdown(row.unranked),
        ]
        lines.append(_line(cells))
    return [*lines, ""]


def _matrix(board: Board) -> list[str]:
    """Control gap and rank of every entry on every pair."""
    sections = [s for s in board.sections if s.scope.kind == "pair"]
    header = [
        "model",
        "adapter",
        *(s.scope.id.replace("_Latn", "").replace("_Cyrl", "").replace("_Arab", "") for s in sections),
    ]
    lines = ["### Control gap by pair (rank)", "", *_head([markdown(h) for h in header], left=(0, 1))]
    found = [{row.entry: row for row in s.rows} for s in sections]
    for i, entry in enumerate(board.entries):
        cells = [markdown(model_label(entry)), markdown(adapter_label(entry))]
        for rows in found:
            row = rows.get(i)
            rank = f" ({rank_text(row)})" if row and row.ranked else ""
            cells.append(shown(SCORE, row.score if row else None) + rank)
        lines.append(_line(cells))
    return [*lines, ""]


def _reported(rows: Sequence[Reported]) -> list[str]:
    if not rows:
        return []
    header = [
        "model",
        "method",
        "pair",
        "words",
        "n",
        "quantity",
        "layer",
        "protocol",
        "before",
        "value",
        "p",
        "source",
        "note",
    ]
    lines = [
        "## Reported figures",
        "",
        "Published by others under their own protocols and words: not measured here, not ranked.",
        "",
        *_head(header, left=(0, 1, 2, 3, 5, 7, 11, 12)),
    ]
    for row in rows:
        ci = f" [{row.ci[0]:g}, {row.ci[1]:g}]" if row.ci else ""
        how = ", recomputed from its published per-pair values" if row.source.recomputed else ""
        source = f"[{markdown(row.source.title)}]({row.source.url}), {row.source.year}{how}"
        lines.append(
            _line(
                [
                    *(markdown(text) for text in (row.model, row.method, row.pair, row.split)),
                    "–" if row.n is None else str(row.n),
                    markdown(row.quantity),
                    markdown(row.layer),
                    markdown(row.protocol),
                    "–" if row.before is None else f"{row.before:g}",
                    f"{row.value:g}{ci}",
                    "–" if row.p is None else f"{row.p:.2e}",
                    source,
                    markdown(row.note, limit=300),
                ]
            )
        )
    return [*lines, ""]


def _head(names: Sequence[str], *, left: Iterable[int]) -> list[str]:
    texts = set(left)
    return [_line(names), "|" + "|".join("---" if i in texts else "---:" for i in range(len(names))) + "|"]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
