"""A comparison of two or more sides as a table, for terminals and as Markdown."""

from rich.table import Table
from rich.text import Text

from tli_bench.base.wording import visible
from tli_bench.measures.registry import get_measure
from tli_bench.records.compare import CompareResult, PairComparison

_HEADER = ("against", "task", "layers", "n", "A", "B", "B - A [95 % CI]", "p", "p adjusted", "d_z")


def _cells(row: PairComparison) -> list[str]:
    layers = row.layer_a if row.layer_a == row.layer_b else f"{row.layer_a} / {row.layer_b}"
    interval = f" [{row.ci[0]:+.3f}, {row.ci[1]:+.3f}]" if row.ci else ""
    return [
        row.b,
        row.task if row.pairs == 1 else f"mean of {row.pairs} pairs, {row.task}",
        layers,
        str(row.n),
        f"{row.value_a:.3f}",
        f"{row.value_b:.3f}",
        f"{row.difference:+.3f}{interval}",
        _p(row.p),
        _p(row.p_adjusted),
        "–" if row.d_z is None else f"{row.d_z:+.2f}",
    ]


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.1e}" if value < 1e-3 else f"{value:.3f}"


def _caption(found: CompareResult) -> str:
    first = found.rows[0]
    name = {"holm": "Holm", "bh": "Benjamini-Hochberg"}[found.correction]
    return (
        f"{get_measure(first.quantity).label} on {first.split.value} words, A = {first.a}; "
        f"p corrected by {name} over {found.tests} tests"
    )


def comparison_markdown(found: CompareResult) -> str:
    """The same as a Markdown table."""

    def line(cells: list[str]) -> str:
        return (
            "| "
            + " | ".join(visible(c).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;") for c in cells)
            + " |"
        )

    rule = "|---|---|---|" + "---:|" * (len(_HEADER) - 3)
    rows = [line(_cells(row)) for row in (*found.rows, *found.overall)]
    return "\n".join([_caption(found), "", line(list(_HEADER)), rule, *rows])


def comparison_table(found: CompareResult) -> Table:
    """One row for each pair of each side against the first, and the mean over pairs last."""
    table = Table(title=Text(visible(_caption(found), limit=200)), box=None, padding=(0, 1), title_justify="left")
    for i, name in enumerate(_HEADER):
        table.add_column(name, justify="left" if i < 3 else "right", overflow="fold")
    for row in found.rows:
        table.add_row(*(Text(visible(cell)) for cell in _cells(row)))
    for row in found.overall:
        table.add_row(*(Text(visible(cell), "bold") for cell in _cells(row)))
    return table
