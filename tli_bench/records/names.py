"""What record files are called: readable parts for people, and a hash, so that no two units share a name."""

import hashlib
import json
import re
from pathlib import Path, PurePath

from pydantic_core import to_jsonable_python

from tli_bench.config import facts
from tli_bench.records.downstream_record import DownstreamRecord
from tli_bench.records.signature import Signature

DOWNSTREAM = "downstream"
"""Folder of the downstream records under the root."""
HASH_LENGTH = 8


def has_record_name(path: PurePath) -> bool:
    """Whether a file is called as `run_path` calls records: with the hash of the unit before the ending."""
    return re.search(rf"\.[0-9a-f]{{{HASH_LENGTH}}}\.json(\.gz)?$", path.name) is not None


def safe_name(text: str) -> str:
    """`text` as one path component: letters, digits, `.`, `_`, `+` and `-` only, never `.` or `..`."""
    name = re.sub(r"[^\w.+-]+", "_", text, flags=re.ASCII).strip(".") or "_"
    return name[:150]


def run_path(root: Path, task: str, signature: Signature) -> Path:
    """`<model>/<revision>+<adapter>/<task>/<pair>.<protocol>.<marks>.<hash>.json` under `root`.

    Model and adapter names are third-party text: they cannot leave the root.
    """
    adapter = signature.adapter
    state = signature.revision + (f"+{adapter.name}-{adapter.sha256[:8]}" if adapter else "")
    name = (
        f"{safe_name(signature.pair)}.{safe_name(signature.protocol)}{_marks(signature)}.{_hash(signature, task)}.json"
    )
    return root / safe_name(signature.model) / safe_name(state) / safe_name(task) / name


def downstream_path(root: Path, record: DownstreamRecord) -> Path:
    """`downstream/<task>/<model>-<revision>-<adapter>.<marks>.<hash>.json` under `root`; small samples say `fixtures`."""
    adapter = record.adapter.sha256[:8] if record.adapter else "base"
    revision = "".join(char for char in record.revision if char.isalnum())[-8:]
    marks = _marks(record) + (".fixtures" if record.fixtures else "")
    unit = _hash(record, record.task, str(record.task_version), record.source)
    name = f"{safe_name(record.model)[-60:]}-{revision}-{safe_name(adapter)}{marks}.{unit}.json"
    return root / DOWNSTREAM / safe_name(record.task) / name


def _marks(run: Signature | DownstreamRecord) -> str:
    """What a reader should see at a glance: a limit, a dtype other than float32, quantisation."""
    return "".join(f".{safe_name(mark)}" for mark in facts.marks_of(run))


def _hash(run: Signature | DownstreamRecord, *others: str) -> str:
    """Hash of everything that tells units apart: lexicon, seeds, protocol, precision and so on, and `others`."""
    unit = [to_jsonable_python(facts.place_of(run)), *others]
    text = json.dumps(unit, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]
