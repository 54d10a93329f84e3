"""The leaderboard as LaTeX tables (booktabs), ready to be `\\input`."""

from collections.abc import Sequence

from tli_bench.records.audit import MEANING
from tli_bench.report.columns import DIGITS, FLAG, columns, in_words, score_column, shown
from tli_bench.report.escape import latex
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
    row_label,
    training_label,
)
from tli_bench.report.trainings import KINDS, Contest, change_text, loss_text, parameters_text, quantities

_PREAMBLE = "% Needs \\usepackage{booktabs,adjustbox}; compile with XeLaTeX or LuaLaTeX for names in other scripts."


def render_latex(leaderboard: Leaderboard) -> str:
    """One table per board for all pairs and each family, what was trained from one base, then the reported figures."""
    blocks = [_PREAMBLE]
    for board in leaderboard.boards:
        blocks += [_table(board, s) for s in board.sections if s.scope.kind in ("overall", "family")]
        blocks += [_contest(board, c) for c in board.contests if c.scope.kind in ("overall", "family")]
    if leaderboard.reported:
        blocks.append(_reported(leaderboard))
    return "\n\n".join(blocks) + "\n"


def _table(board: Board, section: Section) -> str:
    held, score = [c for c in columns() if c.id in board.columns and c.printed], score_column()
    caption = (
        f"{section.scope.label}: {in_words(score.label)} over {len(section.scope.pairs)} pairs, {board_label(board.key)}. "
        "= marks ties; ranks hold together with 95 %; 95 % intervals over concepts."
    )
    if any(row.flagged for row in section.rows):
        caption += f" {FLAG} {MEANING}"
    header = ["Rank", "95 %", "Model", "Training", score.label, "95 %", *(c.label for c in held)]
    rows = []
    for row in section.rows:
        entry = board.entries[row.entry]
        ci = f"[{row.ranked.ci[0]:.3f}, {row.ranked.ci[1]:.3f}]".replace("-", "−") if row.ranked else "–"
        cells = [
            rank_text(row),
            interval_text(row),
            model_label(entry),
            row_label(entry),
            shown(score, row.score),
            ci,
        ]
        rows.append([latex(c) for c in [*cells, *(cell_text(c, row) for c in held)]])
    return _environment(latex(caption, limit=600), "rrll" + "r" * (len(header) - 4), header, rows)


def _contest(board: Board, contest: Contest) -> str:
    base = board.entries[contest.base]
    caption = (
        f"Trained from {model_label(base)}, {contest.scope.label}: change against the base over {len(contest.scope.pairs)} "
        f"pairs, {board_label(board.key)}; the base's own values in the first row. "
        "95 % intervals over concepts."
    )
    header = ["Kind", "Training", "Trained on", "Loss layer", "Parameters", *(q.label for q in quantities().values())]
    values = [f"{contest.values[q]:.{DIGITS}f}".replace("-", "−") if q in contest.values else "–" for q in quantities()]
    rows = [[latex(cell) for cell in ("untrained", "base", "–", "–", "–", *values)]]
    for row in contest.rows:
        entry = board.entries[row.entry]
        cells = (
            KINDS[row.kind],
            training_label(entry),
            short_pair((entry.trained and entry.trained.trained_on) or "–"),
            loss_text(entry),
            parameters_text(entry),
            *(change_text(row.changes.get(q)) for q in quantities()),
        )
        rows.append([latex(cell) for cell in cells])
    return _environment(latex(caption, limit=400), "lllrr" + "r" * len(quantities()), header, rows)


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
    return _environment(caption, "lllrlrrrl", header, rows)


def _environment(caption: str, layout: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{caption}}}",
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
