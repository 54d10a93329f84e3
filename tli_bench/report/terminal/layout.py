"""Parts as lines for a width: a sheet that is too wide loses its spaces, then is divided into blocks, then listed row by row.

No number is broken and nothing is cut off: what a narrow terminal costs is lines.
"""

from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text

from tli_bench.report.terminal.parts import Column, Part, Sheet, Sketch
from tli_bench.report.terminal.wrap import wrapped

_GAP, _TIGHT_GAP = 2, 1
_INDENT = 1


def lay_out(parts: Iterable[Part], width: int | None) -> Iterator[Text]:
    """Lines of at most `width` characters; None for as wide as they are, as through a pipe."""
    for part in parts:
        if isinstance(part, Sheet):
            yield from _sheet(part, width)
        else:
            yield from wrapped(part.text if isinstance(part, Sketch) else part, width)


def _sheet(sheet: Sheet, width: int | None) -> Iterator[Text]:
    if sheet.title:
        yield from wrapped(Text(sheet.title, "italic"), width)
    keys, last = list(range(sheet.keys)), len(sheet.columns)
    aside = last if sheet.aside is None else sheet.aside
    sections = [[*keys, *section] for section in (range(sheet.keys, aside), range(aside, last)) if section] or [keys]
    grid = _Grid(sheet, tight=False)
    if width is not None and any(grid.total(section) > width for section in sections):
        grid = _Grid(sheet, tight=True)
        divided = _blocks(grid, keys, aside, width)
        if divided is None:
            yield from _listed(sheet, width)
            return
        sections = divided
    for section in sections:
        yield from grid.lines(section, "dim" if section[len(keys) :][:1] >= [aside] else "")


class _Grid:
    """The cells of a sheet as text, and how wide each column is."""

    def __init__(self, sheet: Sheet, *, tight: bool) -> None:
        self.sheet, self.gap = sheet, _TIGHT_GAP if tight else _GAP
        self.heads = [column.heading(tight=tight) for column in sheet.columns]
        self.rows = [
            [column.shown(cell, tight=tight) for column, cell in zip(sheet.columns, row, strict=True)]
            for row in sheet.rows
        ]
        self.widths = [max(map(_cells, column)) for column in zip(self.heads, *self.rows, strict=True)]

    def total(self, columns: Sequence[int]) -> int:
        return _INDENT + sum(self.widths[i] for i in columns) + self.gap * (len(columns) - 1)

    def lines(self, columns: Sequence[int], style: str) -> Iterator[Text]:
        yield self._line(self.heads, columns, "dim")
        for at, row in enumerate(self.rows):
            yield self._line(row, columns, style or self.sheet.row_style(at))

    def _line(self, cells: Sequence[str], columns: Sequence[int], style: str) -> Text:
        placed = [_placed(cells[i], self.widths[i], self.sheet.columns[i]) for i in columns]
        return Text((" " * _INDENT + (" " * self.gap).join(placed)).rstrip(), style)


def _blocks(grid: _Grid, keys: Sequence[int], aside: int, width: int) -> list[list[int]] | None:
    """Columns by block, each with the keys first; None where not even one column fits next to the keys.

    What stands aside does not share the first block.
    """
    blocks: list[list[int]] = []
    for i in range(len(keys), len(grid.widths)):
        apart = i == aside and len(blocks) == 1
        if blocks and not apart and grid.total([*blocks[-1], i]) <= width:
            blocks[-1].append(i)
        elif grid.total([*keys, i]) <= width:
            blocks.append([*keys, i])
        else:
            return None
    return blocks


def _listed(sheet: Sheet, width: int) -> Iterator[Text]:
    """Every row as its keys and, below them, each value with its column's name."""
    for at, row in enumerate(sheet.rows):
        cells = [column.shown(cell) for column, cell in zip(sheet.columns, row, strict=True)]
        keys = (cell for cell in cells[: sheet.keys] if cell)
        yield from wrapped(Text(" " * _INDENT + "  ".join(keys), "bold"), width)
        named = zip(sheet.columns[sheet.keys :], cells[sheet.keys :], strict=True)
        said = "; ".join(f"{column.name} {cell}".strip() for column, cell in named if cell)
        yield from wrapped(Text("   " + said, sheet.row_style(at)), width)


def _placed(text: str, width: int, column: Column) -> str:
    spare = " " * (width - _cells(text))
    return text + spare if column.left else spare + text


def _cells(text: str) -> int:
    return Text(text).cell_len
