"""A folder of run records: one JSON file a unit, written atomically, found again by what was measured."""

import gzip
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from tli_bench.base.errors import ResultError
from tli_bench.base.files import write_bytes, write_json
from tli_bench.base.wording import visible
from tli_bench.config.facts import same_unit
from tli_bench.records.disk import json_object, marks_of, read_bytes, safe_name
from tli_bench.records.downstream import is_downstream
from tli_bench.records.parsing import parse_record
from tli_bench.records.run_record import RunRecord
from tli_bench.records.signature import Signature


class RecordStore:
    """Records under `root`: `<model>/<revision>+<adapter>/<task>/<pair>.<protocol>.json`.

    A limit, a dtype other than float32 and a quantisation stand before the ending.
    compressed: write `.json.gz`, about a tenth of the size; both kinds are read.
    """

    def __init__(self, root: Path, *, compressed: bool = False) -> None:
        self.root, self.compressed = root, compressed

    def path(self, task: str, signature: Signature) -> Path:
        """Where a unit's record belongs. Model and adapter names are third-party text: they cannot leave the root."""
        adapter = signature.adapter
        state = signature.revision + (f"+{adapter.name}-{adapter.sha256[:8]}" if adapter else "")
        marks = marks_of(signature)
        ending = ".json.gz" if self.compressed else ".json"
        name = f"{safe_name(signature.pair)}.{safe_name(signature.protocol)}{marks}{ending}"
        return self.root / safe_name(signature.model) / safe_name(state) / safe_name(task) / name

    def write(self, record: RunRecord) -> Path:
        """Write one record atomically and give its path; raises OutputError."""
        path = self.path(record.task, record.signature)
        if self.compressed:
            write_bytes(path, gzip.compress(record.model_dump_json().encode(), mtime=0))
        else:
            write_json(path, record.model_dump(mode="json"))
        return path

    def find(self, task: str, expected: Signature) -> RunRecord | None:
        """The record of the same unit, if it is there and was made under the same conditions."""
        path = self.path(task, expected)
        if not path.is_file():
            return None
        record = read_record(path)
        return record if same_unit(record.signature, expected) else None

    def paths(self) -> Iterator[Path]:
        """Every record file under the root in sorted order; others' files (lm-eval's, downstream, hidden) are passed over."""
        for path in sorted([*self.root.rglob("*.json"), *self.root.rglob("*.json.gz")]):
            if not path.name.startswith(("results_", "samples_", ".")) and not is_downstream(path):
                yield path

    def __iter__(self) -> Iterator[RunRecord]:
        """Records one after another: only one is in memory at a time."""
        for path in self.paths():
            yield read_record(path)


def read_record(path: Path) -> RunRecord:
    """A record from a `.json` or `.json.gz` file that may come from anyone; raises ResultError naming file and field."""
    return record_from_json(read_bytes(path), where=str(path))


def record_from_json(raw: bytes, *, where: str) -> RunRecord:
    """A record from JSON text; older schema versions are migrated. Raises ResultError naming `where` and the field."""
    try:
        # The fast way, right for nearly every file; whatever it refuses is read again for a message that helps.
        return RunRecord.model_validate_json(raw)
    except ValidationError:
        data = json_object(raw, where)
    try:
        return parse_record(data, where=where)
    except ResultError as err:
        raise ResultError(visible(str(err), limit=600)) from err
