"""Faults on demand: a child process whose n-th operation on the files of an output fails, or kills it."""

import datetime
import errno
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ERRORS = {"disk full": errno.ENOSPC, "read-only": errno.EROFS}
"""Faults that an operation reports; the fault `kill` ends the process there and then."""
VANISH = "vanish"
"""The fault of which opening for reading is the operation: the file is gone a moment before."""
_EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod")
_CAUGHT = {signal.SIGINT, signal.SIGTERM}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
KILLED, CRASHED = -signal.SIGKILL, 70


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a child ended. status: as a shell tells it, negative for a signal; operations: on files under the root."""

    status: int
    said: str
    operations: int
    seconds: float


class Watch:
    """Counts operations on files under `root`, and lets the n-th fail; n counts from 1, 0 is none.

    Opening for writing, renaming, removing, making folders and changing modes are seen by Python's audit events; writing and flushing
    by standing in for `os.fsync` and for the functions of safetensors and torch that write by themselves.
    """

    def __init__(self, root: Path, fault: str = "", at: int = 0) -> None:
        self.root, self.fault, self.at, self.count = f"{root}{os.sep}", fault, at, 0

    def install(self) -> None:
        """Watch this process from now on; an audit hook cannot be taken away again, so this is for children."""
        if self.fault == VANISH:
            sys.addaudithook(self._on_reading)
            return
        sys.addaudithook(self._on_writing)
        os.fsync = self._before(os.fsync)
        for module, function in (("safetensors.torch", "serialize_file"), ("torch", "save")):
            if module in sys.modules:
                setattr(sys.modules[module], function, self._before(getattr(sys.modules[module], function)))

    def _before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            self._operation()
            return function(*args, **kwargs)

        return watched

    def _path(self, event: str, args: tuple[Any, ...]) -> str:
        """The path under the root that an event is about; empty where there is none."""
        if event not in _EVENTS or not isinstance(args[0], str | bytes | os.PathLike):
            return ""
        path = os.path.abspath(os.path.join(_folder(event, args), os.fsdecode(args[0])))
        return path if path.startswith(self.root) else ""

    def _on_writing(self, event: str, args: tuple[Any, ...]) -> None:
        if self._path(event, args) and (event != "open" or _writes(args)):
            self._operation()

    def _on_reading(self, event: str, args: tuple[Any, ...]) -> None:
        path = self._path(event, args)
        if not path or event != "open" or _writes(args) or not os.path.isfile(path):
            return
        self.count += 1
        if self.count == self.at:
            aside = gone(Path(self.root))
            os.symlink(path, aside.with_suffix(".was"))
            os.rename(path, aside)

    def _operation(self) -> None:
        self.count += 1
        if self.count != self.at:
            return
        if self.fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(ERRORS[self.fault], os.strerror(ERRORS[self.fault]))


def _folder(event: str, args: tuple[Any, ...]) -> str:
    """What a path is relative to: a whole folder is removed by names within folders that are open."""
    if event not in ("os.remove", "os.rmdir") or args[1] < 0:
        return ""
    return os.readlink(f"/proc/self/fd/{args[1]}")


def _writes(args: tuple[Any, ...]) -> bool:
    """Whether a file is opened for writing."""
    return isinstance(args[2], int) and bool(args[2] & _WRITING)


def gone(root: Path) -> Path:
    """Where a file under `root` is moved to when it vanishes; a link of the same name with `.was` tells where it was."""
    return root.with_name("gone.file")


def in_a_child(
    call: Callable[[], None],
    watch: Watch,
    *,
    after: float | None = None,
    signalled: int = signal.SIGKILL,
    arm: bool = False,
    clock: float = 0,
) -> Outcome:
    """Run `call` in a fork of this process, which must not have run a model: its threads would be missing there.

    after: seconds after which the child is sent the signal. arm: handle signals as the command line does. clock: seconds that the
    child's clock is ahead.
    """
    reading, writing = os.pipe()
    said, began = os.memfd_create("said"), time.monotonic()
    # A signal waits until the child is ready for it: what comes before is this fork, and no part of a command.
    signal.pthread_sigmask(signal.SIG_BLOCK, _CAUGHT)
    child = os.fork()
    if child == 0:
        os.close(reading)
        _be_the_child(call, watch, said, writing, arm=arm, clock=clock)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _CAUGHT)
    os.close(writing)
    if after is not None:
        _wait(child, after)
        with suppress(ProcessLookupError):
            os.kill(child, signalled)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    count = os.read(reading, 32)
    os.close(reading)
    text = os.pread(said, 1 << 20, 0).decode("utf-8", "replace")
    os.close(said)
    return Outcome(status, text, int(count or b"0"), time.monotonic() - began)


def _wait(child: int, seconds: float) -> None:
    """Until the time is over, or the child has ended; it is not collected here."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return
        time.sleep(min(0.01, seconds))


def set_clock(ahead: float) -> None:
    """Let this process believe that it is so many seconds later; files that it writes keep the time of the kernel."""
    clock, nanoseconds, kind = time.time, time.time_ns, datetime.datetime

    class Shifted(kind):  # type: ignore[misc, valid-type]
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
            return kind.now(tz) + datetime.timedelta(seconds=ahead)

    time.time = lambda: clock() + ahead
    time.time_ns = lambda: nanoseconds() + int(ahead * 1e9)
    datetime.datetime = Shifted  # type: ignore[misc]


def _be_the_child(call: Callable[[], None], watch: Watch, said: int, writing: int, *, arm: bool, clock: float) -> None:
    status = CRASHED
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(said, 2)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
        if arm:
            from tli_bench.base.signals import end_in_one_line

            end_in_one_line()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _CAUGHT)
        watch.install()
        if clock:
            set_clock(clock)
        try:
            call()
            status = 0
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        watch.at = 0
        sys.stderr.flush()
    except BaseException:
        watch.at = 0
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os.write(writing, str(watch.count).encode())
        os._exit(status)
