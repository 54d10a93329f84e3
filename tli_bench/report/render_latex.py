"""The leaderboard as LaTeX tables (booktabs), ready to be `\\input`."""

import re
from collections.abc import Sequence

from tli_bench.base.wording import counted
from tli_bench.records.audit import MEANING
from tli_bench.report.columns import DIGITS, FLAG, columns, in_words, score_column, shown
from tli_bench.report.conclusion import entry_names
from tli_bench.report.escape import latex
from tli_bench.report.page.address import board_ids
from tli_bench.report.page.defaults import default_columns
from tli_bench.report.scopes import short_pair
from tli_bench.report.table import (
    Board,
    Leaderboard,
    Section,
    board_label,
    cell_text,
    interval_text,
    model_label,
    rank_text,
    training_label,
)
from tli_bench.report.trainings import KINDS, Contest, change_text, loss_text, parameters_text, quantities

_PREAMBLE = (
    "% Needs \\usepackage{booktabs,adjustbox,hyperref}; compile with XeLaTeX or LuaLaTeX for names in other scripts.\n"
    "% Every table has a \\label: tab:tli- with its board and its languages. adjustbox only narrows what is wider than the text."
)


def render_latex(leaderboard: Leaderboard) -> str:
    """Per board: averages with the main columns, the other columns, what was trained from one base; then the reported figures."""
    blocks = [_PREAMBLE]
    names = board_ids([board.key for board in leaderboard.boards])
    for board, name in zip(leaderboard.boards, names, strict=True):
        averages = [s for s in board.sections if s.scope.kind in ("overall", "family")]
        blocks += [_table(board, name, s) for s in averages]
        blocks += [text for s in averages[:1] if (text := _others(board, name, s))]
        found = [(i, c) for i, c in enumerate(board.contests) if c.scope.kind in ("overall", "family")]
        blocks += [_contest(board, f"{name}-{i}", c, output=output) for i, c in found for output in (False, True)]
    if leaderboard.reported:
        blocks.append(_reported(leaderboard))
    return "\n\n".join(blocks) + "\n"


def _table(board: Board, name: str, section: Section) -> str:
    held, score, names = default_columns(board), score_column(), entry_names(board.entries)
    count = len(section.scope.pairs)
    caption = (
        f"{section.scope.label}: {in_words(score.label)} over {counted(count, 'pair')}, with 95 % intervals over "
        "concepts. = marks ties, with the ranks they may have; ranks hold together with 95 %."
    )
    if any(row.flagged for row in section.rows):
        caption += f" {FLAG} {MEANING}"
    rows = []
    for row in section.rows:
        places = f" ({interval_text(row)})" if row.ranked and row.ranked.tied else ""
        ci = f" [{row.ranked.ci[0]:.3f}, {row.ranked.ci[1]:.3f}]".replace("-", "−") if row.ranked else ""
        cells = [rank_text(row) + places, names[row.entry], shown(score, row.score) + ci]
        rows.append([latex(c) for c in [*cells, *(cell_text(c, row) for c in held)]])
    header = ["Rank", "Model", f"{score.label} [95 %]", *(c.label for c in held)]
    return _environment(
        _headed(board, caption), f"{name}-{section.scope.id}", "rl" + "r" * (len(header) - 2), header, rows
    )


def _others(board: Board, name: str, section: Section) -> str:
    """The columns that the main tables leave out; empty where there are none."""
    held = [c for c in columns() if c.id in board.columns and c.printed and c not in default_columns(board)]
    if not held:
        return ""
    score, names = score_column(), entry_names(board.entries)
    rows = [
        [latex(c) for c in (names[row.entry], shown(score, row.score), *(cell_text(c, row) for c in held))]
        for row in section.rows
    ]
    header = ["Model", score.label, *(c.label for c in held)]
    caption = _headed(board, f"{section.scope.label}: the other columns.")
    return _environment(caption, f"{name}-{section.scope.id}-others", "l" + "r" * (len(header) - 1), header, rows)


def _headed(board: Board, caption: str) -> str:
    """The caption behind the name of its board, so that tables of two boards are not taken for each other."""
    head = board_label(board.key)
    return rf"\textbf{{{latex(head[:1].upper() + head[1:], limit=200)}.}} {latex(caption, limit=600)}"


def _contest(board: Board, name: str, contest: Contest, *, output: bool) -> str:
    base = board.entries[contest.base]
    held = {q: quantity for q, quantity in quantities().items() if quantity.output == output}
    count = len(contest.scope.pairs)
    caption = (
        f"Trained from {model_label(base)}, {contest.scope.label}, {'output' if output else 'chosen layer'}: change against the base "
        f"over {counted(count, 'pair')}; the base's own values in the first row. 95 % intervals over concepts."
    )
    header = ["Kind", "Training", "Trained on", "Loss layer", "Parameters", *(q.label for q in held.values())]
    values = [f"{contest.values[q]:.{DIGITS}f}".replace("-", "−") if q in contest.values else "–" for q in held]
    rows = [[latex(cell) for cell in ("untrained", "base", "–", "–", "–", *values)]]
    for row in contest.rows:
        entry = board.entries[row.entry]
        cells = (
            KINDS[row.kind],
            training_label(entry),
            short_pair((entry.trained and entry.trained.trained_on) or "–"),
            loss_text(entry),
            parameters_text(entry),
            *(change_text(row.changes.get(q)) for q in held),
        )
        rows.append([latex(cell) for cell in cells])
    label = f"{name}-{contest.scope.id}-trained{'-output' if output else ''}"
    return _environment(_headed(board, caption), label, "lllrr" + "r" * len(held), header, rows)


def _reported(leaderboard: Leaderboard) -> str:
    rows = []
    for row in leaderboard.reported:
        before = "–" if row.before is None else f"{row.before:g}"
        cells = (
            row.model,
            row.method,
            row.split,
            "–" if row.n is None else str(row.n),
            row.quantity,
            row.layer,
            before,
            f"{row.value:g}",
        )
        rows.append(
            [
                *(latex(cell) for cell in cells),
                rf"\href{{{row.source.url.replace('%', chr(92) + '%')}}}{{{latex(row.source.title)}}}",
            ]
        )
    header = ["Model", "Method", "Words", "n", "Quantity", "Layer", "Before", "Value", "Source"]
    caption = r"Figures reported by others under their own protocols; not measured here, not ranked. Needs hyperref."
    return _environment(caption, "reported", "lllrlrrrl", header, rows)


def _environment(caption: str, name: str, layout: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [
        r"\begin{table}",
        r"\centering",
        r"\footnotesize",
        rf"\caption{{{caption}}}",
        rf"\label{{tab:tli-{re.sub('[^A-Za-z0-9-]+', '-', name)}}}",
        r"\begin{adjustbox}{max width=\linewidth}",
        rf"\begin{{tabular}}{{{layout}}}",
        r"\toprule",
        " & ".join(latex(name) for name in header) + r" \\",
        r"\midrule",
        *(_row(row) for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{adjustbox}",
        r"\end{table}",
    ]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    # A line that starts with `[` or `*` would be taken for an argument of the `\\\\` before it.
    guard = "{}" if cells[0].startswith(("[", "*")) else ""
    return guard + " & ".join(cells) + r" \\"
