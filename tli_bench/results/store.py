"""A folder of run records: one JSON file a unit, written atomically, found again by what was measured."""

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tli_bench.errors import ResultError
from tli_bench.files import write_bytes, write_json
from tli_bench.results.downstream import is_downstream
from tli_bench.results.migrate import migrate
from tli_bench.results.wording import visible
from tli_bench.schema import RunRecord, Signature, parse_record

# What decides whether a unit has been computed already. `layers` and `n` follow from these.
IDENTITY = (
    "protocol", "lexicon_hash", "split_seed", "pair", "limit", "leaking", "skip_gate", "any_base",
    "model", "revision", "dtype", "quantization", "seed", "measures", "versions",
)  # fmt: skip

# A record of a 100-layer model over 20,000 pairs stays below this; a file from a stranger may not eat the memory.
MAX_BYTES = 256 * 1024 * 1024


def safe_name(text: str) -> str:
    """`text` as one path component: letters, digits, `.`, `_`, `+` and `-` only, never `.` or `..`."""
    name = re.sub(r"[^\w.+-]+", "_", text, flags=re.ASCII).strip(".") or "_"
    return name[:150]


class RecordStore:
    """Records under `root`: `<model>/<revision>+<adapter>/<task>/<pair>.<protocol>.json`.

    compressed: write `.json.gz`, about a tenth of the size; both kinds are read.
    """

    def __init__(self, root: Path, *, compressed: bool = False) -> None:
        self.root, self.compressed = root, compressed

    def path(self, task: str, signature: Signature) -> Path:
        """Where a unit's record belongs. Model and adapter names are third-party text: they cannot leave the root."""
        adapter = signature.adapter
        state = signature.revision + (f"+{adapter.name}-{adapter.sha256[:8]}" if adapter else "")
        limit = "" if signature.limit is None else f".limit{signature.limit}"
        ending = ".json.gz" if self.compressed else ".json"
        name = f"{safe_name(signature.pair)}.{safe_name(signature.protocol)}{limit}{ending}"
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
        same = all(getattr(record.signature, name) == getattr(expected, name) for name in IDENTITY)
        same = same and (record.signature.adapter is None) == (expected.adapter is None)
        if same and expected.adapter and record.signature.adapter:
            same = record.signature.adapter.sha256 == expected.adapter.sha256
        return record if same else None

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
    return record_from_json(_read(path), where=str(path))


def record_from_json(raw: bytes, *, where: str) -> RunRecord:
    """A record from JSON text; older schema versions are migrated. Raises ResultError naming `where` and the field."""
    try:
        # The fast way, right for nearly every file; whatever it refuses is read again for a message that helps.
        return RunRecord.model_validate_json(raw)
    except ValidationError:
        data = _loads(raw, where)
    try:
        return parse_record(migrate(data, where=where), where=where)
    except ResultError as err:
        raise ResultError(visible(str(err), limit=600)) from err


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ResultError(f"{path}: larger than {MAX_BYTES:,} bytes, no record is; check what it is")
        if path.suffix != ".gz":
            return path.read_bytes()
        with gzip.open(path) as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as err:
        raise ResultError(f"{path}: {err}") from err
    if len(raw) > MAX_BYTES:
        raise ResultError(f"{path}: unpacks to more than {MAX_BYTES:,} bytes, no record does; check what it is")
    return raw


def _loads(raw: bytes, where: str) -> dict[str, Any]:
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError) as err:
        raise ResultError(f"{where}: {err}") from err
    if not isinstance(data, dict):
        raise ResultError(f"{where}: holds a {type(data).__name__}, not a record")
    return data
