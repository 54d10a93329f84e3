"""What the command line says of an error, its own or one that nobody expected: few lines, which no third party can fill."""

import logging

from tli_bench.base.errors import TLIError
from tli_bench.base.wording import bounded, visible

DEBUG = "--debug"
USED_WRONGLY, FAILED = 2, 3
"""Exit codes: something that the user can mend, and something that went wrong."""
# What the allocators of PyTorch say; their error is a plain RuntimeError on a CPU.
_ALLOCATION = ("out of memory", "allocate memory", "not enough memory")


def told(err: Exception) -> str:
    """The message for standard error; control characters are spelt out, and length and number of lines are bounded."""
    return f"error: {bounded(_sentence(err))}"


def exit_code(err: Exception) -> int:
    """That of a TLIError is its own; 2 for a path that the machine refuses, 3 for want of memory and for what nobody expected."""
    if isinstance(err, TLIError):
        return err.exit_code
    return USED_WRONGLY if isinstance(err, OSError) else FAILED


def bound_warnings() -> None:
    """Let warnings that are logged without a handler be printed as errors are: they quote third parties, too."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_Bounded())


class _Bounded(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return bounded(super().format(record))


def _sentence(err: Exception) -> str:
    if isinstance(err, TLIError):
        return str(err)
    said = " ".join(str(err).split())
    if isinstance(err, MemoryError) or (isinstance(err, RuntimeError) and any(mark in said for mark in _ALLOCATION)):
        detail = f" ({visible(said, limit=200)})" if said else ""
        return (
            f"out of memory{detail}; use a smaller --batch-size, a --limit, fewer protocols or a smaller word list, or a machine with "
            "more memory. Finished units are kept: the same command goes on from them"
        )
    if isinstance(err, OSError) and err.strerror:
        places = " -> ".join(
            visible(str(name), limit=200) for name in (err.filename, err.filename2) if name is not None
        )
        return f"cannot read or write {places or 'a file'}: {err.strerror}; check the path and its permissions"
    return (
        f"tli-bench did not expect this: {type(err).__name__}: {visible(said, limit=300)}; please report it with the traceback, which "
        f"the same command prints with {DEBUG}"
    )
