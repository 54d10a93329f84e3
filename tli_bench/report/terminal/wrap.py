"""Lines of text for a width: broken between words, never inside a number, an interval or a step from one value to the next."""

import re
from collections.abc import Iterator

from rich.text import Text

# An interval `[a, b]` holds a space and stays whole, and so does `a → b`.
_ATOM = re.compile(r"(?:\[[^\[\]\n]{1,60}\]|\S)+(?: → \S+)*")
HANG = 4
"""Spaces before every line but the first, over those of the first."""


def wrapped(line: Text, width: int | None) -> Iterator[Text]:
    """A line as lines of at most `width` characters, or as it is for None; a word that is longer than a line is cut."""
    if width is None or line.cell_len <= width:
        yield line
        return
    plain = line.plain
    indent = len(plain) - len(plain.lstrip(" "))
    hang = min(indent + HANG, max(0, width // 2))
    start, end = 0, 0
    for atom in _ATOM.finditer(plain):
        first = start == 0
        room = width if first else width - hang
        while True:
            if Text(plain[start : atom.end()]).cell_len <= room:
                end = atom.end()
                break
            if end > start and plain[start:end].strip():
                yield _part(line, start, end, 0 if first else hang)
                start, first, room = atom.start(), False, width - hang
                end = start
                continue
            cut = _fitting(plain, start, room)
            yield _part(line, start, cut, 0 if first else hang)
            start, end, first, room = cut, cut, False, width - hang
    if end > start:
        yield _part(line, start, end, 0 if start == 0 else hang)


def _fitting(plain: str, start: int, room: int) -> int:
    """Where to cut a word of which not all fits: as many characters as do, at least one."""
    end = start + 1
    while end < len(plain) and Text(plain[start : end + 1]).cell_len <= room:
        end += 1
    return end


def _part(line: Text, start: int, end: int, hang: int) -> Text:
    found = line[start:end]
    found.rstrip()
    return Text(" " * hang).append_text(found) if hang else found
