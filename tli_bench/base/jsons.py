"""JSON that anyone may have written: one sentence for whatever is wrong with it, and nothing in it that bites later."""

import json
import re
from pathlib import Path
from typing import Any

from tli_bench.base.reading import read_limited

MAX_BYTES = 64 * 1024 * 1024
"""Of a configuration, a card or a table of results."""
MAX_DEPTH = 100
_LONGEST_NUMBER = 18
_LONG_NUMBER = re.compile(rf"\d{{{_LONGEST_NUMBER + 1},}}")
_HALF = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}|[\ud800-\udfff]")


class JSONError(ValueError):
    """What is wrong with JSON, in one sentence, and on which line, from 1."""

    def __init__(self, problem: str, *, line: int = 1) -> None:
        super().__init__(f"line {line}: {problem}" if line > 1 else problem)
        self.problem, self.line = problem, line


def read_json(path: Path, *, most: int = MAX_BYTES) -> Any:
    """The data in a JSON file; raises OSError when it cannot be read, else ValueError as `parse_json` does."""
    return parse_json(read_limited(path, most=most))


def parse_json(text: str | bytes) -> Any:
    """The data in JSON text, UTF-8 if it is bytes.

    Raises JSONError, its message one sentence, for what is not JSON and for what would fail far from here: whole numbers of more
    than 18 digits, nesting deeper than 100, and halves of surrogate pairs, which no file can be written with.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as err:
            line = err.object.count(b"\n", 0, err.start) + 1
            raise JSONError(f"byte {err.object[err.start]:#04x} is not UTF-8", line=line) from err
    # The hook makes the parser several times as slow: only where there is a long row of digits at all.
    hooks: dict[str, Any] = {"parse_int": _whole_number} if _LONG_NUMBER.search(text) else {}
    try:
        data = json.loads(text, **hooks)
    except json.JSONDecodeError as err:
        raise JSONError(f"not JSON: {err.msg}", line=err.lineno) from err
    except RecursionError:
        raise JSONError(_TOO_DEEP) from None
    if _is_deep(data):
        raise JSONError(_TOO_DEEP)
    if _HALF.search(text):
        _require_whole_characters(data)
    return data


_TOO_DEEP = f"lists and objects nested deeper than {MAX_DEPTH}"


def _whole_number(digits: str) -> int:
    if len(digits.lstrip("-")) > _LONGEST_NUMBER:
        raise JSONError(
            f"a number of {len(digits.lstrip('-')):,} digits ({digits[:12]}...); at most {_LONGEST_NUMBER} are read"
        )
    return int(digits)


def _is_deep(data: Any) -> bool:
    level = [data]
    for _ in range(MAX_DEPTH + 1):
        level = [
            part
            for item in level
            if isinstance(item, dict | list)
            for part in (item.values() if isinstance(item, dict) else item)
            if isinstance(part, dict | list)
        ]
        if not level:
            return False
    return True


def _require_whole_characters(data: Any) -> None:
    if isinstance(data, dict):
        for key, value in data.items():
            _require_whole_characters(key)
            _require_whole_characters(value)
    elif isinstance(data, list):
        for value in data:
            _require_whole_characters(value)
    elif isinstance(data, str):
        found = next((char for char in data if "\ud800" <= char <= "\udfff"), None)
        if found is not None:
            raise JSONError(
                f"half a character (the lone surrogate U+{ord(found):04X}) in a text; write the whole character"
            )
