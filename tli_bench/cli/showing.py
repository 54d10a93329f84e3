"""Prints what `report.terminal` makes: laid out for the terminal, as it is through a pipe, or as tab-separated values."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from tli_bench.report.terminal.parts import Part

Plain = Annotated[
    bool,
    typer.Option(
        "--plain", help="Tab-separated values: one heading per table, one row per line; sentences start with #."
    ),
]


def show(console: "Console", parts: "Iterable[Part]", *, plain: bool = False) -> None:
    """Print parts on a console; only a terminal has a width that anything is fitted into."""
    from rich.segment import Segment, Segments

    from tli_bench.report.terminal.layout import lay_out
    from tli_bench.report.terminal.plain import tab_separated

    if plain:
        for line in tab_separated(parts):
            # As text, rich would turn the tabs into spaces.
            console.print(Segments([Segment(f"{line}\n")]), soft_wrap=True, end="")
        return
    for text in lay_out(parts, console.width if console.is_terminal else None):
        console.print(text, soft_wrap=True, highlight=False)
