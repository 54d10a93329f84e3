"""Tables at their own width: a score cut off at the edge of a pipe or a narrow terminal is not a score."""

import io

from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDER_THAN_ANY_TABLE = 1000


def show_table(console: Console, table: Table) -> None:
    """Print a table without cutting or wrapping any of its cells, however narrow the console."""
    wide = Console(
        width=_WIDER_THAN_ANY_TABLE,
        file=io.StringIO(),
        force_terminal=console.is_terminal,
        color_system="auto" if console.color_system else None,
    )
    wide.print(table)
    file = wide.file
    assert isinstance(file, io.StringIO)
    console.print(Text.from_ansi(file.getvalue().rstrip("\n")), soft_wrap=True)
