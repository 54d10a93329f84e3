"""The measures that are computed only when they are asked for, as one table for a unit."""

from tli_bench.measures.registry import list_measures
from tli_bench.records.schema import RunRecord
from tli_bench.report.terminal.parts import Column, Sheet
from tli_bench.report.terminal.unit_of import about


def asked_sheet(record: RunRecord) -> Sheet | None:
    """One row for each optional measure of a record, at the layers shown; None where it has none."""
    split = record.split
    states = record.curves.get(split, {})
    asked = [m for m in list_measures() if m.optional and any(m.name in curves for curves in states.values())]
    if not asked:
        return None
    layers = record.kept_layers(split)
    return Sheet(
        columns=(
            Column("asked for", left=True),
            *(Column(f"layer {layer}", form="steps", parts=tuple(states)) for layer in layers),
        ),
        rows=tuple(
            (
                measure.label,
                *(
                    tuple(measure.shown(record.value(measure.name, split, s, layer)) for s in states)
                    for layer in layers
                ),
            )
            for measure in asked
        ),
        about=about(record),
    )
