"""Records from whatever a user points at: a record file, a folder of records, or a submission."""

import os
from collections.abc import Iterator
from pathlib import Path

from tli_bench.base.errors import ResultError
from tli_bench.records.downstream import downstream_paths, is_downstream
from tli_bench.records.schema import Record, RunRecord
from tli_bench.records.store import RecordStore, read_record
from tli_bench.records.submission import unpack
from tli_bench.records.units import read_unit


def record_paths(source: Path) -> list[Path]:
    """Record files under a folder, alignment before downstream, or the file itself; raises ResultError if there are none."""
    if os.path.isfile(source):
        return [source]
    if not os.path.isdir(source):
        raise ResultError(f"{source} does not exist; give a record, a folder of records or a submission")
    found = [*RecordStore(source).paths(), *downstream_paths(source)]
    if not found:
        require_no_sweep(source)
        raise ResultError(f"{source} holds no records; `tli-bench run --output {source}` writes some")
    return found


def require_no_sweep(source: Path) -> None:
    """Raise ResultError for the output of a sweep or a study, whose points are no records: who reads them is named."""
    if any((source / "points").glob("*.json")):
        raise ResultError(
            f"{source} holds points of trainings and no records; `tli-bench plot sweep {source}` and `tli-bench leaderboard RUNS --sweep "
            f"{source}` show those of a sweep, `tli-bench study` those of a study"
        )


def require_folder(source: Path) -> None:
    """Raise ResultError, with the next step, for what is not a folder; a submission can be made one."""
    if os.path.isfile(source) and source.suffix == ".zip":
        raise ResultError(
            f"{source} is a file of records; `tli-bench results merge {source} --into FOLDER` makes a folder of it"
        )
    if not os.path.isdir(source):
        raise ResultError(f"{source} is not a folder; give the one that `tli-bench run --output` wrote to")


def iter_all(source: Path) -> Iterator[tuple[str, Record]]:
    """Where each record came from, and the record, alignment or downstream; one at a time. Raises ResultError."""
    if os.path.isfile(source) and source.suffix == ".zip":
        yield from unpack(source)
        return
    for path in record_paths(source):
        yield str(path), read_unit(path)


def iter_records(source: Path) -> Iterator[tuple[str, RunRecord]]:
    """As `iter_all`, for the alignment records alone, those of audit words left out; raises ResultError when none are left."""
    none_left = True
    for where, record in _alignment(source):
        if not record.signature.audit:
            none_left = False
            yield where, record
    if none_left:
        raise ResultError(
            f"{source} holds no records of control words; those of audit words are for `tli-bench leaderboard` alone"
        )


def _alignment(source: Path) -> Iterator[tuple[str, RunRecord]]:
    if os.path.isfile(source) and source.suffix == ".zip":
        yield from ((where, record) for where, record in unpack(source) if isinstance(record, RunRecord))
        return
    found = [path for path in record_paths(source) if not is_downstream(path.absolute())]
    if not found:
        raise ResultError(
            f"{source} holds downstream records only; `tli-bench run --tasks tli_alignment` makes the others"
        )
    for path in found:
        yield str(path), read_record(path)
