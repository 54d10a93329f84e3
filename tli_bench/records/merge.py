"""Put the records of several sources into one folder, without losing any of them or mixing two that differ."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tli_bench.base.errors import ResultError
from tli_bench.records.seal import record_digest
from tli_bench.records.sources import iter_all
from tli_bench.records.store import RecordStore
from tli_bench.records.units import read_unit, unit_path, write_unit
from tli_bench.records.validate import validate_record


@dataclass(slots=True)
class Merged:
    """Paths that were written, that already held the same content, and whose record was replaced by a newer one."""

    added: list[Path] = field(default_factory=list)
    same: list[Path] = field(default_factory=list)
    replaced: list[Path] = field(default_factory=list)


def merge(sources: Sequence[Path], store: RecordStore, *, replace: bool = False) -> Merged:
    """Write every valid record of `sources`, alignment and downstream, to the folder of `store`.

    A different record in the same place is an error, unless `replace` is given: then the one with the later date stays.
    Nothing is written when any record is invalid or in conflict: everything is read twice, so that nothing is half written.
    """
    planned: dict[Path, tuple[str, str]] = {}
    for source in sources:
        for where, record in iter_all(source):
            if errors := validate_record(record).errors:
                raise ResultError(f"{where}: {errors[0]}; nothing was merged")
            path, digest = unit_path(store.root, record, compressed=store.compressed), record_digest(record)
            if path not in planned:
                planned[path] = (record_digest(read_unit(path)), str(path)) if path.is_file() else (digest, where)
            there, other = planned[path]
            if not replace and digest != there:
                raise ResultError(
                    f"{where} and {other} are two records of the same unit; keep one, or give --replace to keep the later"
                )
    return _write(sources, store)


def _write(sources: Sequence[Path], store: RecordStore) -> Merged:
    merged = Merged()
    for source in sources:
        for _, record in iter_all(source):
            path = unit_path(store.root, record, compressed=store.compressed)
            if not path.is_file():
                merged.added.append(write_unit(store.root, record, compressed=store.compressed))
                continue
            old = read_unit(path)
            if record_digest(old) == record_digest(record) or old.created > record.created:
                merged.same.append(path)
            else:
                merged.replaced.append(write_unit(store.root, record, compressed=store.compressed))
    return merged
