"""A comparison of two or more sides: what it concludes, then the tables behind it; for terminals and as Markdown."""

from collections.abc import Iterator

from rich.text import Text

from tli_bench.base.wording import visible
from tli_bench.measures.registry import get_measure
from tli_bench.records.compared import NAMES, CompareResult, PairComparison
from tli_bench.records.outcomes import p_text
from tli_bench.report.terminal.parts import DASH, Cell, Column, Part, Sheet

_COLUMNS = (
    Column("against", left=True),
    Column("task", left=True, form="named", parts=("", "kind")),
    Column("A"),
    Column("B"),
    Column("B - A [95 % CI]", form="interval", parts=("", "low", "high")),
    Column("outcome", left=True),
    Column("p adjusted", "p adj."),
    Column("permutation p", "perm. p"),
    Column("layers", left=True),
    Column("n"),
    Column("p"),
    Column("d_z"),
)
_KEYS = 2


def comparison_parts(found: CompareResult) -> Iterator[Part]:
    """The conclusions, the comparison by the headline, and that by another quantity where one was asked for."""
    for said in found.conclusions:
        yield Text(visible(said, limit=1000), "bold")
    yield Text()
    if found.headline is not None:
        yield _sheet(found.headline)
        yield Text()
    yield _sheet(found)


def comparison_markdown(found: CompareResult) -> str:
    """The same in Markdown."""
    parts = [*map(_escaped, found.conclusions), *([_table(found.headline)] if found.headline else []), _table(found)]
    return "\n\n".join(parts)


def _sheet(found: CompareResult) -> Sheet:
    """One row for each pair of each side against the first, and the means over pairs last."""
    rows = (*found.rows, *found.overall)
    styles = tuple("bold" if row.pairs > 1 else "" for row in rows)
    about = (("side A", visible(rows[0].a)), ("quantity", rows[0].quantity), ("split", rows[0].split.value))
    cells = tuple(_cells(row) for row in rows)
    return Sheet(_COLUMNS, cells, keys=_KEYS, title=visible(_caption(found), limit=200), styles=styles, about=about)


def _cells(row: PairComparison) -> tuple[Cell, ...]:
    task = (visible(row.task), "") if row.pairs == 1 else (f"mean of {row.pairs} pairs", visible(row.task))
    low, high = (f"{row.ci[0]:+.3f}", f"{row.ci[1]:+.3f}") if row.ci else ("", "")
    return (
        visible(row.b),
        task,
        f"{row.value_a:.3f}",
        f"{row.value_b:.3f}",
        (f"{row.difference:+.3f}", low, high),
        str(row.outcome or DASH),
        p_text(row.p_adjusted),
        p_text(row.permutation_p),
        visible(row.layer_a if row.layer_a == row.layer_b else f"{row.layer_a} / {row.layer_b}"),
        str(row.n),
        p_text(row.p),
        DASH if row.d_z is None else f"{row.d_z:+.2f}",
    )


def _caption(found: CompareResult) -> str:
    first = found.rows[0]
    reservations = dict.fromkeys(flag for row in found.rows for flag in row.reservations)
    return (
        f"{get_measure(first.quantity).label} on {first.split.value} words, A = {first.a}; "
        f"p adjusted by {NAMES[found.correction]} over {found.tests} tests"
        + (f"  [{', '.join(reservations)}]" if reservations else "")
    )


def _table(found: CompareResult) -> str:
    def line(cells: list[str]) -> str:
        return f"| {' | '.join(map(_escaped, cells))} |"

    sheet = _sheet(found)
    rule = "|" + "".join("---|" if column.left else "---:|" for column in _COLUMNS)
    rows = [[column.shown(cell) for column, cell in zip(_COLUMNS, row, strict=True)] for row in sheet.rows]
    return "\n".join([_escaped(sheet.title), "", line([column.name for column in _COLUMNS]), rule, *map(line, rows)])


def _escaped(text: str) -> str:
    return visible(text, limit=1000).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
