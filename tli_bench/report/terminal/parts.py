"""What is printed, before it is known how wide the terminal is: lines of text, sketches, and sheets of typed cells."""

from dataclasses import dataclass
from typing import Literal

from rich.text import Text

Cell = str | tuple[str, ...]
"""A cell, or the parts of a compound one as its column puts them together; a missing value is one dash, whatever the column."""
Form = Literal["steps", "beside", "interval", "bounds", "named"]
"""steps: `a → b`. beside: `a | b`. interval: `a [low, high]`. bounds: `[low, high]`. named: `a (what it is)`, without what it is
where width is scarce."""
DASH = "–"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet.

    short: its heading where width is scarce. left: whether its cells are text, not numbers. form: how the parts of its cells
    are put together; parts: what each part is called in tab-separated values, after the column's own name.
    """

    name: str
    short: str = ""
    left: bool = False
    form: Form | None = None
    parts: tuple[str, ...] = ()

    def shown(self, cell: Cell, *, tight: bool = False) -> str:
        """The cell as people read it. tight: without the spaces and names that can be done without."""
        if isinstance(cell, str) or self.form is None:
            return cell if isinstance(cell, str) else " ".join(cell)
        if self.form in ("steps", "beside"):
            mark = "→" if self.form == "steps" else "|"
            return (mark if tight else f" {mark} ").join(cell)
        if self.form == "named":
            return f"{cell[0]} ({cell[1]})" if cell[1] and not tight else cell[0]
        *value, low, high = cell
        return " ".join([*value, *([f"[{low}, {high}]"] if low or high else [])])

    def heading(self, *, tight: bool = False) -> str:
        """The name, or the short one where width is scarce."""
        return self.short if tight and self.short else self.name


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table. keys: how many of the first columns say what a row is about, and are repeated where the rest must be divided.

    aside: the column from which on values describe and decide nothing: on a screen they stand in a block of their own, dim.
    styles: of single rows, by position. about: what is the same in all rows, as name and value; on a screen it stands above
    the table, in tab-separated values in every row.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    keys: int = 1
    title: str = ""
    aside: int | None = None
    styles: tuple[str, ...] = ()
    about: tuple[tuple[str, str], ...] = ()

    def row_style(self, row: int) -> str:
        """The style of a row."""
        return self.styles[row] if row < len(self.styles) else ""


@dataclass(frozen=True, slots=True)
class Sketch:
    """A line that is a drawing, such as a curve of blocks: for people alone."""

    text: Text


Part = Text | Sheet | Sketch
