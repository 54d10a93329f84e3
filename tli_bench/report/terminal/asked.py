"""The measures that are computed only when they are asked for, as one table for a unit."""

from rich.table import Table

from tli_bench.measures.registry import list_measures
from tli_bench.records.schema import RunRecord


def asked_table(record: RunRecord) -> Table | None:
    """One line for each optional measure of a record, at the layers shown; None where it has none."""
    split = record.split
    states = record.curves.get(split, {})
    asked = [m for m in list_measures() if m.optional and any(m.name in curves for curves in states.values())]
    if not asked:
        return None
    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column("asked for", no_wrap=True)
    layers = record.kept_layers(split)
    for layer in layers:
        table.add_column(f"layer {layer}", justify="right", no_wrap=True)
    for measure in asked:
        cells = (
            " → ".join(measure.shown(record.value(measure.name, split, s, layer)) for s in states) for layer in layers
        )
        table.add_row(measure.label, *cells)
    return table
