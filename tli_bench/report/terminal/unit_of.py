"""What stands in every row of a unit's tables once they are tab-separated values."""

from tli_bench.records.schema import RunRecord


def about(record: RunRecord) -> tuple[tuple[str, str], ...]:
    """Task and protocol, by name."""
    return ("task", record.task), ("protocol", record.signature.protocol)
