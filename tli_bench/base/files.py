"""Write a file so that a reader sees either the old or the new content, whatever happens in between."""

import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tli_bench.base.errors import OutputError, reason_of

_TEMPORARY = re.compile(r"\..*\.tmp-(\d+)-\w+", re.DOTALL)
_LONGEST_NAME = 180
"""Bytes of a name that are kept in its temporary one; file systems take 255."""
_DAY = 86_400


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically; raises OutputError when the place cannot be written."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically: a temporary file next to the target, flushed to disk, then renamed over it.

    Raises OutputError when the place cannot be written; the old file is then intact.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=temporary_prefix(path.name), dir=path.parent)
    except OSError as err:
        raise OutputError(f"cannot write {path}: {reason_of(err)}; choose another --output") from err
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as err:
        _discard(temporary)
        raise OutputError(f"cannot write {path}: {reason_of(err)}; the old file is unchanged") from err
    except BaseException:
        _discard(temporary)
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
        raise OutputError(f"cannot write to {folder}: {reason_of(err)}; choose another --output") from err


def temporary_prefix(name: str) -> str:
    """How the temporary name of what becomes `name` begins: hidden, and with the number of the process that writes it."""
    raw = name.encode("utf-8", "surrogateescape")
    if len(raw) > _LONGEST_NAME:
        name = hashlib.sha256(raw).hexdigest()[:16]
    return f".{name}.tmp-{os.getpid()}-"


def remove_leftovers(folder: Path, pattern: str = "**/.*.tmp-*", *, shared: bool = False) -> None:
    """Remove what processes of this user that were killed while writing left under `folder`.

    What a running process is writing stays, unless it is older than a day: then another process has its number. shared: other machines
    may be writing there without a lock, so only what is older than a day goes. What cannot be removed stays; nothing is raised.
    """
    for path in sorted(folder.glob(pattern)):
        with suppress(OSError):
            if not _is_left_over(path, shared=shared):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()


def _is_left_over(path: Path, *, shared: bool) -> bool:
    named, about = _TEMPORARY.fullmatch(path.name), path.lstat()
    if named is None or about.st_uid != os.getuid():
        return False
    return time.time() - about.st_mtime > _DAY or not (shared or _is_running(int(named[1])))


def _is_running(process: int) -> bool:
    """Whether another process of this number runs here; in a container the one that was killed had our own number."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # of another user
    return True


def _discard(temporary: Path) -> None:
    # What cannot be removed now is removed by whoever writes here next.
    with suppress(OSError):
        temporary.unlink(missing_ok=True)
