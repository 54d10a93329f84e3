"""What is printed on a terminal, as an object that `print`, rich and a notebook each show well."""

import io
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from tli_bench.records.compare import CompareResult
from tli_bench.records.schema import RunRecord
from tli_bench.report.terminal.comparison import comparison_table
from tli_bench.report.terminal.unit import print_record, print_summary

_WIDTH = 160
_PRE = '<pre style="white-space: pre; overflow-x: auto; line-height: 1.2">{code}</pre>'


class Shown:
    """The output of `draw`, which prints on a console that it is given: plain as text, with colours elsewhere."""

    def __init__(self, draw: Callable[[Console], None]) -> None:
        self._draw = draw

    def __str__(self) -> str:
        return self._text(width=_WIDTH, colours=False).strip("\n")

    __repr__ = __str__

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text.from_ansi(self._text(width=options.max_width, colours=console.is_terminal).strip("\n"))

    def _repr_html_(self) -> str:
        console = Console(file=io.StringIO(), record=True, width=_WIDTH)
        self._draw(console)
        return console.export_html(inline_styles=True, code_format=_PRE)

    def _text(self, *, width: int, colours: bool) -> str:
        file = io.StringIO()
        self._draw(Console(file=file, width=width, force_terminal=colours, no_color=not colours))
        return file.getvalue()


def shown_run(records: Sequence[RunRecord], results: dict[str, Any]) -> Shown:
    """What `tli-bench run` prints of its units: a block for each, and a line for each where there are several."""

    def draw(console: Console) -> None:
        for record in records:
            print_record(console, record, reused=False)
        print_summary(console, records, results)

    return Shown(draw)


def shown_comparison(found: CompareResult) -> Shown:
    """What `tli-bench compare` prints."""
    return Shown(lambda console: console.print(comparison_table(found)))
