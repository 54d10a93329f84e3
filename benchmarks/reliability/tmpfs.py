"""A file system that is really full: writes that stop halfway, where `faults` lets an operation fail before it begins.

A child process gets mounts of its own, which nobody else sees and which go when it ends; no privileges are needed where the kernel lets
users have namespaces (`unshare -rm true` succeeds).
"""

import ctypes
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000
_PRIVATE, _REMOUNT = (1 << 18) | (1 << 14), 1 << 5
LARGE = 1 << 30
"""Bytes of a disk that is not full."""


def refused() -> str:
    """Why this machine gives a process no mounts of its own; empty where it does."""
    return "".join(_lines_of_a_child(lambda tell: own_mounts())).strip()


def own_mounts() -> None:
    """Give this process, which must have one thread, mounts of its own; raises OSError where the kernel does not."""
    user, group = os.getuid(), os.getgid()
    _checked("unshare", _NEW_MOUNTS | _NEW_USER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        Path("/proc/self", name).write_text(text)
    _checked("mount", b"none", b"/", None, _PRIVATE, None)


def mount(folder: Path, size: int, *, again: bool = False) -> None:
    """A file system of `size` bytes, held in memory, at `folder`; again: give the one there this size."""
    flags = _REMOUNT if again else 0
    _checked("mount", b"tmpfs", os.fsencode(folder), b"tmpfs", flags, f"size={size}".encode())


def used(folder: Path) -> int:
    """Bytes that are taken on the file system of a folder."""
    about = os.statvfs(folder)
    return (about.f_blocks - about.f_bfree) * about.f_frsize


def in_own_mounts(work: Callable[[], Iterator[str]]) -> Iterator[str]:
    """What `work` yields in a child with mounts of its own, one line each; what it raises is the last one."""

    def told(tell: Callable[[str], None]) -> None:
        own_mounts()
        for line in work():
            tell(line)

    return (line.rstrip("\n") for line in _lines_of_a_child(told))


def _lines_of_a_child(work: Callable[[Callable[[str], None]], None]) -> Iterator[str]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)

        def tell(line: str) -> None:
            os.write(writing, line.replace("\n", " ").encode("utf-8", "replace") + b"\n")

        try:
            work(tell)
        except BaseException as err:
            tell("".join(traceback.format_exception_only(err)))
        finally:
            sys.stderr.flush()
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as lines:
        yield from lines
    os.waitpid(child, 0)


def _checked(function: str, *args: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, function)(*args):
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")
