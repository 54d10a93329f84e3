"""Records from whatever a user points at: a record file, a folder of records, or a submission."""

from collections.abc import Iterator
from pathlib import Path

from tli_bench.errors import ResultError
from tli_bench.results.store import RecordStore, read_record
from tli_bench.results.submission import unpack
from tli_bench.schema import RunRecord


def record_paths(source: Path) -> list[Path]:
    """Record files under a folder, or the file itself; raises ResultError when there is none."""
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise ResultError(f"{source} does not exist; give a record, a folder of records or a submission")
    found = list(RecordStore(source).paths())
    if not found:
        raise ResultError(f"{source} holds no records; `tli-bench run --output {source}` writes some")
    return found


def iter_records(source: Path) -> Iterator[tuple[str, RunRecord]]:
    """Where each record came from, and the record; one at a time. Raises ResultError."""
    if source.is_file() and source.suffix == ".zip":
        yield from unpack(source)
        return
    for path in record_paths(source):
        yield str(path), read_record(path)
