"""What a board shows next to a score so that it is not believed for the wrong reason, read from what records keep."""

from tli_bench.lexicon.pairs import Split
from tli_bench.records.run_record import RunRecord
from tli_bench.report.columns import SPELLING


def companions(record: RunRecord) -> dict[str, float | None]:
    """Values of the control words by column id; None where a record does not say."""
    spelling = record.controls.spelling.get(Split.CONTROL) if record.controls else None
    return {SPELLING: spelling.value if spelling else None}
