"""A folder of run records: one JSON file per unit, written atomically, and found again by what was measured."""

import gzip
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath

from pydantic import ValidationError

from tli_bench.base.errors import ResultError
from tli_bench.base.files import write_bytes
from tli_bench.base.jsons import parse_json
from tli_bench.base.wording import visible
from tli_bench.config.facts import same_unit
from tli_bench.records.disk import json_files, json_object, read_bytes
from tli_bench.records.downstream import is_downstream
from tli_bench.records.names import has_record_name, run_path
from tli_bench.records.parsing import parse_record
from tli_bench.records.run_record import RunRecord
from tli_bench.records.seal import ChangedRecordError, sealed_json, unsealed
from tli_bench.records.signature import Signature

log = logging.getLogger(__name__)

_RECORD = {"schema_version", "signature", "task"}
"""What every record states, of these or more."""


class RecordStore:
    """Records under `root`, where `names.run_path` puts them; no two units share a file.

    compressed: write `.json.gz`, at most a fifth of the size; both kinds are read, and a record is replaced in the kind it has.
    """

    def __init__(self, root: Path, *, compressed: bool = False) -> None:
        self.root, self.compressed = root, compressed

    def path(self, task: str, signature: Signature) -> Path:
        """Where a unit's record belongs: where it lies, so that no unit is there twice, else in the store's own kind."""
        plain = run_path(self.root, task, signature)
        packed = plain.with_name(f"{plain.name}.gz")
        own, other = (packed, plain) if self.compressed else (plain, packed)
        return other if other.is_file() and not own.is_file() else own

    def write(self, record: RunRecord) -> Path:
        """Write one record with its hash, atomically, and return its path; raises OutputError."""
        path, text = self.path(record.task, record.signature), sealed_json(record)
        write_bytes(path, gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)
        return path

    def find(self, task: str, expected: Signature, *others: Signature) -> RunRecord | None:
        """The record of the same unit, if it is there and was made under the same conditions, or under those of one of `others`.

        others: of the same place, as they differ by no more than what a unit is measured again for.
        One that was changed after it was written is not used again: a warning names it.
        """
        path = self.path(task, expected)
        if not path.is_file():
            return None
        try:
            record = read_record(path)
        except ChangedRecordError as err:
            log.warning("%s. It is not used: the unit is measured again.", err)
            return None
        return record if any(same_unit(record.signature, one) for one in (expected, *others)) else None

    def paths(self) -> Iterator[Path]:
        """Every record file under the root in sorted order; other files (lm-eval's, downstream, hidden, foreign) are skipped."""
        return alignment_paths(json_files(self.root))

    def everything(self) -> Iterator[RunRecord]:
        """Records one after another, those of audit words among them: only one is in memory at a time."""
        return (read_record(path) for path in self.paths())

    def __iter__(self) -> Iterator[RunRecord]:
        """As `everything`, but for the audit words, which only boards and exchange read: nothing else may be concluded from them."""
        return (record for record in self.everything() if not record.signature.audit)


def _is_alignment(path: PurePath) -> bool:
    """Whether a file lies where alignment records are kept: it is not lm-eval's, not of a downstream task and not hidden."""
    return not path.name.startswith(("results_", "samples_", ".")) and not is_downstream(path)


def alignment_paths(files: Iterable[Path]) -> Iterator[Path]:
    """Those of the JSON files of a folder that hold alignment records, or should."""
    return (path for path in files if _is_alignment(path) and not _is_foreign(path))


def _is_foreign(path: Path) -> bool:
    """Whether a JSON file is of something else: a submission's manifest, what `explain --output` wrote.

    A file with the name of a record is never foreign, nor is one that cannot be read: whatever is wrong with it is told.
    """
    if has_record_name(path):
        return False
    try:
        data = parse_json(read_bytes(path))
    except (ResultError, ValueError):
        return False
    return bool(data) and (not isinstance(data, dict) or _RECORD.isdisjoint(data))


def read_record(path: Path) -> RunRecord:
    """A record from a `.json` or `.json.gz` file that may come from anyone; raises ResultError naming file and field."""
    return record_from_json(read_bytes(path), where=str(path))


def record_from_json(raw: bytes, *, where: str) -> RunRecord:
    """A record from JSON text; its hash is checked, and older schema versions are migrated.

    Raises ResultError naming `where` and the field.
    """
    try:
        body = unsealed(raw, where=where)
        if isinstance(body, dict):
            return parse_record(body, where=where)
        try:
            return RunRecord.model_validate_json(body)
        except ValidationError:
            # Parse again, for a more helpful message.
            return parse_record(json_object(body, where), where=where)
    except ResultError as err:
        raise type(err)(visible(str(err), limit=600)) from err
