"""The scores of a unit at the layers shown: the headline and its change first, then its companions, then descriptions."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from tli_bench.lexicon.pairs import Split
from tli_bench.measures.measure import Measure, Place
from tli_bench.measures.registry import list_measures
from tli_bench.measures.roles import HEADLINE
from tli_bench.models.identity import BEFORE_AFTER
from tli_bench.records.schema import RunRecord
from tli_bench.records.trained import split_names, trained_here
from tli_bench.report.headline import headline_of
from tli_bench.report.terminal.framing import confirmation_cell, confirmation_heading
from tli_bench.report.terminal.parts import DASH, Cell, Column, Sheet
from tli_bench.report.terminal.unit_of import about


def layer_sheet(record: RunRecord) -> Sheet:
    """A row for each layer and kind of words: the headline, its companions and, aside, what only describes.

    One sheet, so that raw geometry never stands without the headline.
    """
    shown = [measure for measure in list_measures(Place.TABLE) if measure.name != HEADLINE]
    main = [headline_of(record, record.split), *(m for m in shown if m.higher_is_better is not None)]
    described = [m for m in shown if m.higher_is_better is None]
    columns = [Column("layer", short="L", left=True, form="named", parts=("", "role")), Column("words", left=True)]
    columns += [_column(record, main[0]), _change_column(record), *(_column(record, m) for m in main[1:])]
    aside = len(columns)
    columns += [*(_column(record, m) for m in described), *confirmation_heading(record)]
    rows = []
    for layer in record.kept_layers():
        for split in _splits(record):
            cells: list[Cell] = [(layer, _roles(record, layer)), split_names(record.signature)[split]]
            cells += [steps(record, main[0], split, layer), _change(record, main[0], layer, split)]
            cells += [steps(record, m, split, layer, digits=2) for m in (*main[1:], *described)]
            rows.append((*cells, *confirmation_cell(record, layer, split)))
    return Sheet(tuple(columns), tuple(rows), keys=2, aside=aside, about=about(record))


def _column(record: RunRecord, measure: Measure) -> Column:
    return Column(measure.label, measure.short, form="steps", parts=states_shown(record, record.split))


def steps(record: RunRecord, measure: Measure, split: Split, layer: str, *, digits: int | None = None) -> Cell:
    """A value before and after at one layer. digits: at most so many after the decimal point."""
    kept = replace(measure, digits=min(measure.digits, measure.digits if digits is None else digits))
    return tuple(kept.shown(record.value(measure.name, split, state, layer)) for state in states_shown(record, split))


def states_shown(record: RunRecord, split: Split) -> tuple[str, ...]:
    """The states whose values stand side by side, in order."""
    return tuple(state for state in BEFORE_AFTER if state in record.curves[split])


def _splits(record: RunRecord) -> Iterator[Split]:
    """Whose scores are shown: control words, and trained ones where the adapter was trained on this pair."""
    for split in (Split.TRAIN, Split.CONTROL):
        if split in record.curves and (
            split is not Split.TRAIN or split is record.split or trained_here(record.signature)
        ):
            yield split


def _roles(record: RunRecord, layer: str) -> str:
    """The layer's roles: chosen on dev for the state that was scored, for the base, and the output."""
    chosen = [s for s in BEFORE_AFTER if record.best_layer.get(s) == layer and record.chosen_on_dev(s)]
    roles = ["best" if record.state in chosen else "base best"] if chosen else []
    if layer == record.signature.layers[-1]:
        roles.append(last_layer(record))
    return ", ".join(roles)


def last_layer(record: RunRecord) -> str:
    """What the last layer is: the model's output, or the last block that was loaded."""
    return "output" if record.signature.first_blocks is None else "last that was loaded"


def _change_column(record: RunRecord) -> Column:
    if record.state == "adapted":
        return Column("change [95 % CI]", form="interval", parts=("", "low", "high"))
    return Column("[95 % CI]", form="bounds", parts=("low", "high"))


def _change(record: RunRecord, measure: Measure, layer: str, split: Split) -> Cell:
    """Change of the headline with its interval, or for a model alone the interval of the headline."""
    shown = partial(measure.shown, signed=record.state == "adapted")
    if record.state != "adapted":
        found = record.estimate(measure.name, split, "base", layer)
        return (shown(found.low), shown(found.high)) if found and found.ci else DASH
    for item in record.comparisons:
        if (item.layer, item.split, item.quantity) == (layer, split, measure.name):
            low, high = map(shown, item.ci) if item.ci else ("", "")
            return shown(item.difference), low, high
    return DASH
