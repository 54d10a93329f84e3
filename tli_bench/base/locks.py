"""One writer at a time: the lock on an output, which the system frees when its holder ends, however it ends."""

import fcntl
import glob
import json
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tli_bench.base.errors import OutputError, reason_of
from tli_bench.base.files import remove_leftovers, temporary_stem

log = logging.getLogger(__name__)
FOLDER_LOCK = ".tli-bench.lock"
_ASKED = 10
"""Times that a lock is read for who holds it."""
# A link or a pipe of that name, which somebody else put there, is not written to.
_MODE = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class InUseError(OutputError):
    """An output that another process is writing; the message says which process, on which machine, and since when."""


@contextmanager
def writing_into(folder: Path, verb: str, *, shared: bool = False) -> Iterator[None]:
    """Hold the lock of an output folder; what killed processes left half-written in it is removed first.

    verb: what holds it, for whoever is refused. shared: with others that share it, on other machines too, such as the jobs of an
    array, which write different files. A folder that was made for this and is still empty at the end goes again.
    Raises InUseError when another process holds the lock, OutputError when the folder cannot be written.
    """
    with _held(folder / FOLDER_LOCK, folder, verb, shared=shared):
        remove_leftovers(folder, shared=shared)
        if not shared:
            _remove_unheld(folder)
        yield


@contextmanager
def replacing(target: Path, verb: str) -> Iterator[None]:
    """As `writing_into`, for a file, or a folder that is put in place as a whole: its lock lies next to it."""
    stem = temporary_stem(target.name)
    with _held(target.parent / f"{stem}.lock", target, verb):
        remove_leftovers(target.parent, f"{glob.escape(stem)}.tmp-*")
        remove_leftovers(target)
        yield


@contextmanager
def _held(lock: Path, output: Path, verb: str, *, shared: bool = False) -> Iterator[None]:
    missing = [folder for folder in lock.parents if not folder.exists()]
    try:
        handle = _take(lock, output, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        try:
            _say_who(handle, verb)
            yield
        finally:
            # Removed while nobody else holds it, so that nobody removes the lock of the next one.
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                lock.unlink()
            os.close(handle)
    finally:
        with suppress(OSError):
            for folder in missing:
                folder.rmdir()


def _take(lock: Path, output: Path, kind: int) -> int:
    """The open and locked file. Raises InUseError, OutputError."""
    while True:
        try:
            lock.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(lock, _MODE, 0o644)
        except OSError as err:
            raise OutputError(f"cannot write to {output}: {reason_of(err)}; choose another --output") from err
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            told = _holder(handle)
            os.close(handle)
            raise InUseError(
                f"{output} is being written by {told}; wait for it, stop it, or choose another output"
            ) from None
        except OSError as err:
            log.warning("the file system of %s has no locks (%s): start nothing else that writes there", output, err)
            return handle
        with suppress(OSError):
            if os.path.samestat(os.fstat(handle), os.stat(lock)):
                return handle
        os.close(handle)  # its last holder has just removed it


def _remove_unheld(folder: Path) -> None:
    """Remove the locks under a folder that nobody holds: their holders were killed, or a disk refused to remove them."""
    for lock in folder.glob("**/.*.lock"):
        if lock == folder / FOLDER_LOCK:
            continue
        with suppress(OSError):
            handle = os.open(lock, _MODE & ~os.O_CREAT)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_ours(handle) and os.path.samestat(os.fstat(handle), os.stat(lock)):
                    lock.unlink()
            finally:
                os.close(handle)


def _is_ours(handle: int) -> bool:
    """Whether a file says what `_say_who` writes, or nothing, as where the disk was full."""
    content = os.pread(handle, 4096, 0)
    with suppress(ValueError):
        note = json.loads(content or b"null")
        return note is None or (isinstance(note, dict) and note.keys() == _note("").keys())
    return False


def _say_who(handle: int, verb: str) -> None:
    with suppress(OSError):  # on a full disk it says less to others, and holds all the same
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(_note(verb)).encode(), 0)


def _note(verb: str) -> dict[str, str | int]:
    """What a lock says of its holder."""
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    return {"verb": verb, "host": socket.gethostname(), "pid": os.getpid(), "since": since}


def _holder(handle: int) -> str:
    for _ in range(_ASKED):
        try:
            note = json.loads(os.pread(handle, 4096, 0))
            return f"tli-bench {note['verb']} (process {int(note['pid'])} on {note['host']}, since {note['since']})"
        except (OSError, ValueError, KeyError, TypeError):
            time.sleep(0.02)  # it may be about to say so
    return "another process"
