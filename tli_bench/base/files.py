"""Write a file so that a reader sees either the old or the new content, whatever happens in between."""

import glob
import hashlib
import json
import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from tli_bench.base.errors import OutputError, reason_of

_TEMPORARY = re.compile(r"\..*\.tmp-(?P<process>\d+)(?:-(?P<machine>[0-9a-f]{8}))?-\w+", re.DOTALL)
_LONGEST_NAME = 180
"""Bytes of a name that are kept in its temporary one; file systems take 255."""
_DAY = 86_400


def write_text(path: Path, text: str, *, alone: bool = False) -> None:
    """Write UTF-8 text as `write_bytes` does."""
    write_bytes(path, text.encode(), alone=alone)


def write_bytes(path: Path, content: bytes, *, alone: bool = False) -> None:
    """Write a file atomically: a temporary file next to the target, flushed to disk, then renamed over it.

    alone: the file is all that a command writes there, and holds no lock: what killed processes left half-written of it goes first.
    Raises OutputError when the place cannot be written; the old file is then intact.
    """
    if alone:
        remove_leftovers(path.parent, f"{glob.escape(temporary_stem(path.name))}.tmp-*", shared=True)
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


def write_json(path: Path, data: Any, *, alone: bool = False) -> None:
    """Write JSON as `write_bytes` does; NaN and infinity are refused, since no other reader accepts them."""
    write_text(path, json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n", alone=alone)


def keep_text(path: Path, text: str) -> None:
    """As `write_text`, in a folder of things kept to save time, which any process writes to without a lock.

    What killed processes of this machine left half-written in the folder goes first.
    """
    remove_leftovers(path.parent, ".*.tmp-*", shared=True)
    write_text(path, text)


def require_writable(folder: Path) -> None:
    """Raise OutputError now, before hours of work, when `folder` cannot be created or written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as err:
        raise OutputError(f"cannot write to {folder}: {reason_of(err)}; choose another --output") from err


def temporary_prefix(name: str) -> str:
    """How the temporary name of what becomes `name` begins: hidden, with the process that writes it and the machine that numbers it."""
    return f"{temporary_stem(name)}.tmp-{os.getpid()}-{_machine()}-"


def temporary_stem(name: str) -> str:
    """What the temporary names of `name` have in common, and the names of what stands beside it: its lock, its old version."""
    raw = name.encode("utf-8", "surrogateescape")
    return f".{hashlib.sha256(raw).hexdigest()[:16] if len(raw) > _LONGEST_NAME else name}"


@cache
def _machine() -> str:
    """Where a process number means one process: this boot of this machine, in a container the container."""
    told = [socket.gethostname()]
    with suppress(OSError):  # only Linux says so
        told += [Path("/proc/sys/kernel/random/boot_id").read_text(), os.readlink("/proc/self/ns/pid")]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:8]


@contextmanager
def put_away(folder: Path, *, beside: str | None = None) -> Iterator[None]:
    """Remove a folder once the block has ended well: before that it gets a temporary name, which it loses again if the block fails.

    So whoever looks for it finds all of it or nothing; what a kill leaves is removed by the next writer, as of any temporary folder.
    beside: the name of the output whose writer that is, by default the folder's own. One that cannot be renamed is removed where it is;
    what cannot be removed stays.
    """
    aside = folder.with_name(f"{temporary_prefix(beside or folder.name)}away")
    with suppress(OSError):
        folder.rename(aside)
    try:
        yield
    except BaseException:
        with suppress(OSError):
            aside.rename(folder)
        raise
    for path in (aside, folder):
        shutil.rmtree(path, ignore_errors=True)


def remove_folder(folder: Path, *, beside: str | None = None) -> None:
    """Remove a folder as `put_away` does, whole or not at all for whoever looks for it; nothing is raised."""
    with put_away(folder, beside=beside):
        pass


def remove_leftovers(folder: Path, pattern: str = "**/.*.tmp-*", *, shared: bool = False) -> None:
    """Remove what processes of this user that were killed while writing left under `folder`.

    What a running process is writing stays, unless it is older than a day: then another process has its number. shared: others, on
    other machines too, may be writing there without a lock, so only what this machine's ended processes left goes at once, the rest
    after a day. What cannot be removed stays; nothing is raised.
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
    if time.time() - about.st_mtime > _DAY:
        return True
    process = int(named["process"])
    if shared:
        return named["machine"] == _machine() and not _is_running(process)
    # The lock is ours: in a container the one that was killed had our own number.
    return process == os.getpid() or not _is_running(process)


def _is_running(process: int) -> bool:
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
