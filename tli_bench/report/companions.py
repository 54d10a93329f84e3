"""What a board shows next to a score so that it is not believed for the wrong reason, read from what records keep."""

from tli_bench.lexicon.pairs import Split
from tli_bench.measures.roles import HEADLINE
from tli_bench.models.identity import State
from tli_bench.records.run_record import RunRecord
from tli_bench.report.columns import GAIN, NET_OF_TWIN, PLACEBO_FLOOR, PLACEBO_QUANTILE, SPELLING


def companions(record: RunRecord, state: State, layer: str) -> dict[str, float | None]:
    """Values of the control words by column id, of one state at one layer; None where a record does not say."""
    spelling = record.controls.spelling.get(Split.CONTROL) if record.controls else None
    found = {SPELLING: spelling.value if spelling else None}
    return found | _beside_an_adapter(record, layer) if state == "adapted" else found


def _beside_an_adapter(record: RunRecord, layer: str) -> dict[str, float | None]:
    """What is held against the adapter: the base at the same layer, its twin on shuffled pairs, and placebos of random weights."""
    placebo = record.controls.placebo if record.controls else None
    here = (item for item in placebo.layers if item.layer == layer) if placebo and placebo.quantity == HEADLINE else ()
    found = next(iter(here), None)
    own, base, twin = (
        record.value(HEADLINE, Split.CONTROL, state, layer) if state in record.best_layer else None
        for state in ("adapted", "base", "twin")
    )
    return {
        GAIN: _minus(own, base),
        NET_OF_TWIN: _minus(own, twin),
        PLACEBO_FLOOR: found.floor if found else None,
        PLACEBO_QUANTILE: found.quantile if found else None,
    }


def _minus(own: float | None, other: float | None) -> float | None:
    return None if own is None or other is None else own - other
