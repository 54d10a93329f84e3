"""Ctrl-C and SIGTERM: one line and the usual exit status, at whatever moment they come.

This is the first import of the command line, so it imports next to nothing: until it is done, Python's own traceback is shown.
"""

import os
import signal
import sys
from types import FrameType

from tli_bench.base.launched import rank

_SHOW_CURSOR = b"\r\x1b[K\x1b[?25h"
_TOLD = {signal.SIGINT: "interrupted", signal.SIGTERM: "stopped by SIGTERM"}


def end_in_one_line() -> None:
    """From now on, Ctrl-C and SIGTERM end this process at once, with one line on standard error and exit status 130 or 143.

    Nothing is unwound, since an exception may arrive inside an import, a destructor or the interpreter's own end, where it becomes a
    traceback or is lost. Nothing needs to be: all files are written so that a kill does no harm, and locks end with their process.
    """
    for number in _TOLD:
        signal.signal(number, _end)


def _end(number: int, _frame: FrameType | None) -> None:
    # A second signal while the output is flushed ends it without.
    for each in _TOLD:
        signal.signal(each, _leave)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # closed, or interrupted in the middle of a write
            continue
    try:
        if rank() == 0:
            shown = _SHOW_CURSOR if os.isatty(2) else b""
            line = f"{_TOLD[signal.Signals(number)]}; what was finished is kept: run the same command again to go on\n"
            os.write(2, shown + line.encode())
    finally:  # even where nobody is there to read it
        _leave(number, None)


def _leave(number: int, _frame: FrameType | None) -> None:
    os._exit(128 + number)
