"""What a board shows next to a score so that it is not believed for the wrong reason, read from what records keep."""

from tli_bench.lexicon.pairs import Split
from tli_bench.measures.registry import get_measure
from tli_bench.measures.roles import HEADLINE
from tli_bench.models.identity import State
from tli_bench.records.run_record import RunRecord
from tli_bench.report.columns import LOW_OVERLAP, SPELLING


def companions(record: RunRecord, state: State, layer: str) -> dict[str, float | None]:
    """Values of the control words by column id, of one state at one layer; None where a record does not say."""
    controls = record.controls
    if controls is None:
        return {}
    spelling = controls.spelling.get(Split.CONTROL)
    label = get_measure(HEADLINE).label
    unlike = (
        part.value
        for part in controls.strata
        if (part.split, part.state, part.layer, part.kind, part.quantity)
        == (Split.CONTROL, state, layer, "overlap", label)
        and part.label.startswith("low")
    )
    return {LOW_OVERLAP: next(unlike, None), SPELLING: spelling.value if spelling else None}
