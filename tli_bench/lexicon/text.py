"""Reading other people's text files, with a line number in every error message."""

from collections.abc import Iterator
from pathlib import Path

from tli_bench.base.errors import LexiconError, reason_of


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, numbered from 1, without line ends (LF, CR LF or CR) and the byte-order mark.

    Raises LexiconError for a missing file, for bytes that are not UTF-8 and for NUL characters.
    """
    for number, raw in enumerate(_raw_lines(path), start=1):
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as err:
            raise LexiconError(
                f"{path}:{number}: byte {err.object[err.start]:#04x} is not UTF-8; save the file as UTF-8"
            ) from err
        if "\0" in line:
            raise LexiconError(f"{path}:{number}: there is a NUL character; this is not a text file in UTF-8")
        if line.strip():
            yield number, line


def _raw_lines(path: Path) -> Iterator[bytes]:
    try:
        handle = path.open("rb")
    except OSError as err:
        raise LexiconError(f"{path}: {reason_of(err)}; check the path") from err
    with handle:
        for raw in handle:
            line = raw.rstrip(b"\r\n")
            if b"\r" in line:
                yield from line.split(b"\r")
            else:
                yield line
