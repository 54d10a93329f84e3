"""The leaderboard as LaTeX tables (booktabs), ready to be `\\input`."""

from collections.abc import Sequence

from tli_bench.leaderboard.columns import COLUMNS, SCORE, shown
from tli_bench.leaderboard.escape import latex
from tli_bench.leaderboard.table import (
    Board,
    Leaderboard,
    Section,
    adapter_label,
    interval_text,
    model_label,
    rank_text,
)

_PREAMBLE = "% Needs \\usepackage{booktabs}; compile with XeLaTeX or LuaLaTeX for names in other scripts."
_COLUMNS = ("gap_change", "p1", "csls_p1", "mexa", "bli", "bitext", "xquad", "xlsum", "english")


def render_latex(leaderboard: Leaderboard) -> str:
    """One table a board for all pairs and each family, then the reported figures."""
    blocks = [_PREAMBLE]
    for board in leaderboard.boards:
        blocks += [_table(board, s) for s in board.sections if s.scope.kind in ("overall", "family")]
    if leaderboard.reported:
        blocks.append(_reported(leaderboard))
    return "\n\n".join(blocks) + "\n"


def _table(board: Board, section: Section) -> str:
    columns = [c for c in COLUMNS if c.id in board.columns and c.id in _COLUMNS]
    caption = (
        f"{section.scope.label}: control gap over {len(section.scope.pairs)} pairs, protocol {board.key.protocol}, "
        f"lexicon {board.key.lexicon}. = marks ties; 95 % intervals from a bootstrap over concepts."
    )
    header = ["Rank", "95 %", "Model", "Adapter", SCORE.label, "95 %", *(c.label for c in columns)]
    rows = []
    for row in section.rows:
        entry = board.entries[row.entry]
        ci = f"[{row.ranked.ci[0]:.3f}, {row.ranked.ci[1]:.3f}]".replace("-", "−") if row.ranked else "–"
        cells = [
            rank_text(row),
            interval_text(row),
            model_label(entry),
            adapter_label(entry),
            shown(SCORE, row.score),
            ci,
        ]
        rows.append([latex(c) for c in [*cells, *(shown(c, row.cells.get(c.id)) for c in columns)]])
    return _environment(latex(caption, limit=300), "rrll" + "r" * (len(header) - 4), header, rows)


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
        rf"\begin{{tabular}}{{{layout}}}",
        r"\toprule",
        " & ".join(latex(name) for name in header) + r" \\",
        r"\midrule",
        *(_row(row) for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    # A line that starts with `[` or `*` would be taken for an argument of the `\\\\` before it.
    guard = "{}" if cells[0].startswith(("[", "*")) else ""
    return guard + " & ".join(cells) + r" \\"
