"""Write a file so that a reader sees either the old or the new content, whatever happens in between."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from tli_bench.base.errors import OutputError


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically; raises OutputError when the place cannot be written."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically: a temporary file next to the target, flushed to disk, then renamed over it.

    Raises OutputError when the place cannot be written; the old file is then intact.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as err:
        raise OutputError(f"cannot write {path}: {err.strerror or err}; choose another --output") from err
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as err:
        temporary.unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {err.strerror or err}; the old file is unchanged") from err
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, data: Any) -> None:
    """Write JSON atomically; NaN and infinity are refused, since no other reader accepts them."""
    write_text(path, json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def require_writable(folder: Path) -> None:
    """Raise OutputError now, before hours of work, when `folder` cannot be created or written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as err:
        raise OutputError(f"cannot write to {folder}: {err.strerror or err}; choose another --output") from err
