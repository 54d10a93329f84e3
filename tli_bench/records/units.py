"""Where a record of either kind belongs in a folder, and how it is read and written there."""

from pathlib import Path

from tli_bench.records.downstream import is_downstream, read_downstream, write_downstream
from tli_bench.records.names import downstream_path
from tli_bench.records.schema import DownstreamRecord, Record
from tli_bench.records.store import RecordStore, read_record


def unit_path(root: Path, record: Record, *, compressed: bool = False) -> Path:
    """Where a record belongs under `root`."""
    if isinstance(record, DownstreamRecord):
        return downstream_path(root, record)
    return RecordStore(root, compressed=compressed).path(record.task, record.signature)


def write_unit(root: Path, record: Record, *, compressed: bool = False) -> Path:
    """Write a record where it belongs, alignment compressed on request, and return its path; raises OutputError."""
    if isinstance(record, DownstreamRecord):
        return write_downstream(root, record)
    return RecordStore(root, compressed=compressed).write(record)


def read_unit(path: Path) -> Record:
    """The record in a file, whose folder tells its kind; raises ResultError naming file and field."""
    return read_downstream(path) if is_downstream(path.absolute()) else read_record(path)
