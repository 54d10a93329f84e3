"""The verdicts of a record as they may be read: nothing is memorised on a pair that nothing was trained on."""

from tli_bench.records.evidence import Part, verdicts_of_change
from tli_bench.records.run_record import RunRecord
from tli_bench.records.trained import trained_here
from tli_bench.stats.verdict import Verdict, VerdictKind


def verdicts_of(record: RunRecord) -> dict[str, Verdict]:
    """By layer, the record's verdicts; one about trained words that are none, as older records have it, is computed again.

    Every verdict of such a record is, for their intervals hold together; one whose words were not kept stays as it is.
    """
    kinds = {verdict.kind for verdict in record.verdicts.values()}
    if VerdictKind.MEMORISES not in kinds or trained_here(record.signature):
        return record.verdicts
    found = verdicts_of_change(
        Part(record, "base"), Part(record, "adapted"), split=record.split, layers=list(record.verdicts),
        twin=Part(record, "twin") if "twin" in record.best_layer else None, controls=record.controls, trained=False,
    )  # fmt: skip
    return record.verdicts | found
