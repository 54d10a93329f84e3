"""What is printed on a terminal, as an object that `print`, rich and a notebook each show well."""

import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult

from tli_bench.records.compared import CompareResult
from tli_bench.records.schema import RunRecord
from tli_bench.report.terminal.comparison import comparison_parts
from tli_bench.report.terminal.layout import lay_out
from tli_bench.report.terminal.parts import Part
from tli_bench.report.terminal.plain import tab_separated
from tli_bench.report.terminal.summary import closing, summary_parts
from tli_bench.report.terminal.tasks import task_parts
from tli_bench.report.terminal.unit import unit_parts

_WIDE = 1000
_PRE = '<pre style="white-space: pre; overflow-x: auto; line-height: 1.2">{code}</pre>'


class Shown:
    """The parts that `parts` makes: plain and as wide as they are as text, laid out with colours elsewhere."""

    def __init__(self, parts: Callable[[], Iterable[Part]]) -> None:
        self._parts = parts

    def __str__(self) -> str:
        return "\n".join(text.plain for text in lay_out(self._parts(), None)).strip("\n")

    __repr__ = __str__

    def tab_separated(self) -> str:
        """The tables as tab-separated values, as `--plain` prints them."""
        return "\n".join(tab_separated(self._parts()))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from lay_out(self._parts(), options.max_width)

    def _repr_html_(self) -> str:
        console = Console(file=io.StringIO(), record=True, width=_WIDE)
        for text in lay_out(self._parts(), None):
            console.print(text, soft_wrap=True, highlight=False)
        return console.export_html(inline_styles=True, code_format=_PRE)


def shown_run(records: Sequence[RunRecord], results: dict[str, Any]) -> Shown:
    """What `tli-bench run` prints of its units: a block for each, a line for each where there are several, the conclusion."""

    def parts() -> Iterable[Part]:
        for record in records:
            yield from unit_parts(record)
        yield from summary_parts(records)
        yield from task_parts(results, without={record.task for record in records})
        yield from closing(records)

    return Shown(parts)


def shown_comparison(found: CompareResult) -> Shown:
    """What `tli-bench compare` prints."""
    return Shown(lambda: comparison_parts(found))
