"""The registry as a table for people: what each measure is, which way it improves, its range and what it needs."""

from collections.abc import Iterator
from typing import NamedTuple

from tli_bench.measures.measure import Measure
from tli_bench.measures.registry import list_measures

HEADER = ("name", "label", "definition", "better", "range", "needs", "computed")
ALWAYS, ON_REQUEST = "always", "when asked for"


class Line(NamedTuple):
    """One measure in words, in the order of `HEADER`."""

    name: str
    label: str
    definition: str
    better: str
    range: str
    needs: str
    computed: str


def measure_lines() -> Iterator[Line]:
    """Every measure, in the order in which tables show them."""
    for measure in list_measures():
        better = {True: "higher", False: "lower", None: "–"}[measure.higher_is_better]
        needs = ", ".join(sorted(measure.needs))
        computed = ON_REQUEST if measure.optional else ALWAYS
        yield Line(measure.name, measure.label, measure.definition, better, _range(measure), needs, computed)


def measures_markdown() -> str:
    """The table of docs/measures.md."""
    lines = [f"| {' | '.join(HEADER)} |", "|" + "---|" * len(HEADER)]
    for line in measure_lines():
        cells = (f"`{line.name}`", *(cell.replace("|", "\\|") for cell in line[1:]))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _range(measure: Measure) -> str:
    low, high = (f"{end:g}".replace("inf", "∞").replace("-", "−") for end in (measure.low, measure.high))
    return f"{low} to {high}"
