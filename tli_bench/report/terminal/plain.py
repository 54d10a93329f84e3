"""Parts as tab-separated values, for programs: a heading and a line for each row, no drawings, sentences behind `#`."""

from collections.abc import Iterable, Iterator

from tli_bench.base.wording import visible
from tli_bench.report.terminal.parts import DASH, Cell, Column, Part, Sheet, Sketch

_LONGEST = 2000
_INTERVAL = "[95 % CI]"


def tab_separated(parts: Iterable[Part]) -> Iterator[str]:
    """Lines without their ends. A value that is missing is empty; a compound cell, such as `0.1 → 0.2`, is as many columns."""
    for part in parts:
        if isinstance(part, Sheet):
            yield from _sheet(part)
        elif not isinstance(part, Sketch):
            yield from (f"# {text}" for line in part.plain.splitlines() if (text := visible(line, limit=_LONGEST)))


def _sheet(sheet: Sheet) -> Iterator[str]:
    if sheet.title:
        yield f"# {visible(sheet.title, limit=_LONGEST)}"
    about = [_plain(value) for _, value in sheet.about]
    heads = [head for column in sheet.columns for head in _heads(column)]
    yield "\t".join([*(name for name, _ in sheet.about), *heads])
    for row in sheet.rows:
        cells = [text for column, cell in zip(sheet.columns, row, strict=True) for text in _texts(column, cell)]
        yield "\t".join([*about, *cells])


def _heads(column: Column) -> list[str]:
    name = _plain(column.name)
    if column.form in ("interval", "bounds"):
        name = name.removesuffix(_INTERVAL).strip() or name.strip("[]")
    return [f"{name} {part}".strip() for part in column.parts] if column.parts else [name]


def _texts(column: Column, cell: Cell) -> list[str]:
    if not column.parts:
        return [_plain(column.shown(cell))]
    given = (cell,) if isinstance(cell, str) else cell
    return [_plain(text) for text in (*given, *[""] * len(column.parts))[: len(column.parts)]]


def _plain(text: str) -> str:
    return "" if text.strip() == DASH else visible(text, limit=_LONGEST)
