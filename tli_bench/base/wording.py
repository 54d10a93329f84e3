"""Text on a line that people read: third-party names without invisible characters, and counts with their noun."""

import unicodedata
from typing import Any

# Control, format (bidirectional marks, zero-width), surrogate and private-use characters, line and paragraph separators.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_HEAD, _TAIL, _MOST_LINES = 900, 600, 40


def unseen(text: str) -> list[str]:
    """Code points in `text` that a reader cannot see, written as in `U+202E`, each once."""
    if text.isascii() and text.isprintable():
        return []
    found = dict.fromkeys(character for character in text if unicodedata.category(character) in _UNSEEN)
    return [f"U+{ord(character):04X}" for character in found]


def counted(count: int, noun: str) -> str:
    """`1 pair`, `2,000 pairs`: a number and a noun whose plural takes an s."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def counted_are(count: int, noun: str) -> str:
    """`1 pair is`, `3 pairs are`: as `counted`, for the start of a sentence."""
    return f"{counted(count, noun)} {'is' if count == 1 else 'are'}"


def visible(text: str, *, limit: int = 120) -> str:
    """`text` on one line: unseen characters as `<U+202E>`, runs of spaces joined, cut with an ellipsis at `limit`."""
    if len(text) <= limit and text.isascii() and text.isprintable() and "  " not in text and text == text.strip():
        return text
    head = text[: 4 * limit]
    spelt = "".join(
        f"<U+{ord(c):04X}>" if unicodedata.category(c) in _UNSEEN and c not in "\t\n\r" else c for c in head
    )
    line = " ".join(spelt.split())
    return line if len(line) <= limit and len(head) == len(text) else line[: limit - 1] + "…"


def bounded(text: str) -> str:
    """`text` with every line made `visible`, its middle left out where it is too long to be read: the advice is at the end."""
    lines = text.split("\n")
    shown = [_line(line) for line in lines[:_MOST_LINES]]
    return "\n".join([*shown, *([f"... {len(lines) - _MOST_LINES:,} more lines"] if len(lines) > _MOST_LINES else [])])


def _line(text: str) -> str:
    if len(text) <= _HEAD + _TAIL:
        return visible(text, limit=8 * (_HEAD + _TAIL))  # a code point that is spelt out takes eight characters or more
    return f"{visible(text[:_HEAD], limit=8 * _HEAD)}…{visible(text[-_TAIL:], limit=8 * _TAIL)}"


def spelt_out(value: Any, *, limit: int = 200) -> Any:
    """A nested JSON value with every string, keys included, made `visible`."""
    if isinstance(value, dict):
        return {visible(str(key), limit=limit): spelt_out(item, limit=limit) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [spelt_out(item, limit=limit) for item in value]
    return visible(value, limit=limit) if isinstance(value, str) else value
