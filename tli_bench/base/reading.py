"""The bytes of a file that anyone may have made: never of a pipe or device, never more than asked for."""

import stat
from pathlib import Path


def read_limited(path: Path, *, most: int) -> bytes:
    """The content of a regular file of at most `most` bytes.

    Raises OSError when it cannot be read, ValueError when it is no regular file (a pipe would never end) or too large.
    """
    require_regular(path)
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"larger than {most:,} bytes, which no such file is; check what it is")
    return content


def require_regular(path: Path) -> None:
    """Raise OSError where there is nothing to read, ValueError for a pipe or a device, before it is opened and waited for."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # opening a folder says by itself what is wrong
        raise ValueError("a pipe or a device, not a file; save what it gives to a file first")
