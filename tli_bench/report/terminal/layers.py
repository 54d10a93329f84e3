"""The scores of a unit at the layers shown: the headline and its change first, then its companions, then descriptions."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from rich.table import Table

from tli_bench.lexicon.pairs import Split
from tli_bench.measures.measure import Measure, Place
from tli_bench.measures.registry import get_measure, list_measures
from tli_bench.measures.roles import HEADLINE
from tli_bench.models.identity import BEFORE_AFTER
from tli_bench.records.schema import RunRecord
from tli_bench.report.terminal.framing import confirmation_cell, confirmation_heading

NAMES = {Split.TRAIN: "trained", Split.DEV: "dev", Split.CONTROL: "control"}


def layer_tables(record: RunRecord) -> Iterator[Table]:
    """Two tables with a row for each layer and kind of words: what has a direction, and, dim, what only describes."""
    shown = [measure for measure in list_measures(Place.TABLE) if measure.name != HEADLINE]
    yield _table(record, [_headline(record), *(m for m in shown if m.higher_is_better is not None)])
    yield _table(record, [m for m in shown if m.higher_is_better is None], style="dim")


def states_of(record: RunRecord, measure: Measure, split: Split, layer: str, *, digits: int | None = None) -> str:
    """A value before and after at one layer, `0.123 → 0.456`. digits: at most so many after the decimal point."""
    kept = replace(measure, digits=min(measure.digits, measure.digits if digits is None else digits))
    states = (state for state in BEFORE_AFTER if state in record.curves[split])
    return " → ".join(kept.shown(record.value(measure.name, split, state, layer)) for state in states)


def _headline(record: RunRecord) -> Measure:
    """The headline; for a list too short for it, the one for short lists."""
    curves = [record.curve(HEADLINE, record.split, state) or [] for state in BEFORE_AFTER]
    scored = any(value is not None for curve in curves for value in curve)
    return get_measure(HEADLINE if scored else record.headline_of(record.split))


def _table(record: RunRecord, measures: list[Measure], *, style: str = "") -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim", style=style)
    for name in (" layer", "words"):
        table.add_column(name, no_wrap=True, style=style)
    headline = measures[0] if not style else None
    for measure in measures:
        for name in (measure.label, *(_change_heading(record) if measure is headline else ())):
            table.add_column(name, justify="right", no_wrap=True, style=style)
    for name in () if headline else confirmation_heading(record):
        table.add_column(name, justify="right", no_wrap=True, style=style)
    for layer in record.kept_layers():
        for split in (Split.TRAIN, Split.CONTROL):
            if split not in record.curves:
                continue
            cells = [f" {_layer_label(record, layer)}", NAMES[split]]
            for measure in measures:
                cells.append(states_of(record, measure, split, layer, digits=None if measure is headline else 2))
                cells += _change(record, measure, layer, split) if measure is headline else ()
            cells += () if headline else confirmation_cell(record, layer, split)
            table.add_row(*cells)
    return table


def _layer_label(record: RunRecord, layer: str) -> str:
    """The layer with its roles: chosen on dev for the state that was scored, for the base, and the output."""
    chosen = [state for state in BEFORE_AFTER if record.best_layer.get(state) == layer]
    roles = ["best" if record.state in chosen else "base best"] if chosen else []
    if layer == record.signature.layers[-1]:
        roles.append("output")
    return f"{layer} ({', '.join(roles)})" if roles else layer


def _change_heading(record: RunRecord) -> Iterator[str]:
    yield "change [95 % CI]" if record.state == "adapted" else "[95 % CI]"


def _change(record: RunRecord, measure: Measure, layer: str, split: Split) -> Iterator[str]:
    """Change of the headline with its interval, or for a model alone the interval of the headline."""
    shown = partial(measure.shown, signed=record.state == "adapted")
    if record.state != "adapted":
        found = record.estimate(measure.name, split, "base", layer)
        yield f"[{shown(found.low)}, {shown(found.high)}]" if found and found.ci else "–"
        return
    for item in record.comparisons:
        if (item.layer, item.split, item.quantity) == (layer, split, measure.name):
            interval = f" [{shown(item.ci[0])}, {shown(item.ci[1])}]" if item.ci else ""
            yield f"{shown(item.difference)}{interval}"
            return
    yield "–"
