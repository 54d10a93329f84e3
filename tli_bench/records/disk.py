"""What all result files share: a size limit, so that none can exhaust the memory, and JSON objects."""

import gzip
import os
import zlib
from pathlib import Path
from typing import Any

from tli_bench.base.errors import ResultError, reason_of
from tli_bench.base.jsons import parse_json

# A record of a 100-layer model over 20,000 pairs stays below this; a stranger's file must not exhaust the memory.
MAX_BYTES = 256 * 1024 * 1024
_SUFFIXES = (".json", ".json.gz")


def json_files(root: Path) -> list[Path]:
    """Every `.json` and `.json.gz` file under a folder in sorted order, links to folders not followed."""
    walked = os.walk(root)
    found = [os.path.join(folder, name) for folder, _, names in walked for name in names if name.endswith(_SUFFIXES)]
    # In the order of paths, which compare part by part; ten thousand texts are sorted much sooner.
    return [Path(path) for path in sorted(found, key=lambda path: path.split(os.sep))]


def read_bytes(path: Path) -> bytes:
    """The content of a `.json` or `.json.gz` file, unpacked; raises ResultError naming the file, also when it is too large."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ResultError(f"{path}: larger than {MAX_BYTES:,} bytes, which no record is; check what it is")
        if path.suffix != ".gz":
            return path.read_bytes()
        with gzip.open(path) as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as err:
        raise ResultError(f"{path}: {reason_of(err)}") from err
    if len(raw) > MAX_BYTES:
        raise ResultError(f"{path}: unpacks to more than {MAX_BYTES:,} bytes, which no record does; check what it is")
    return raw


def json_object(raw: bytes, where: str) -> dict[str, Any]:
    """The object that JSON text holds; raises ResultError naming `where`."""
    try:
        data = parse_json(raw)
    except ValueError as err:
        raise ResultError(f"{where}: {err}") from err
    if not isinstance(data, dict):
        raise ResultError(f"{where}: holds a {type(data).__name__}, not a record")
    return data
