"""A JSON list of objects with one word per language: `[{"swahili": "maji", "english": "water"}, ...]`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tli_bench.base.errors import LexiconError
from tli_bench.base.jsons import JSONError, parse_json
from tli_bench.languages import Language, find_language
from tli_bench.lexicon.entries import VARIANT_SEPARATOR
from tli_bench.lexicon.readers.base import RawPair, Request
from tli_bench.lexicon.readers.split_names import split_called
from tli_bench.lexicon.text import numbered_lines


def read_pairs_json(path: Path, request: Request) -> Iterator[RawPair]:
    """Pairs of a `.json` file (one list) or `.jsonl` file (one object per line).

    Keys are languages by any name, or `source` and `target`, or what `columns` says; a value is a word or a list of
    a word and its variants; `concept`, `pos`, `field` and `split` are read if they are given.
    """
    empty = True
    for where, item in json_items(path):
        empty = False
        if not isinstance(item, dict):
            raise LexiconError(f"{where}: {str(item)[:60]!r} is not an object with two languages")
        yield pair_of(item, request, where=where)
    if empty:
        raise LexiconError(f"{path}:1: the list is empty; give objects like {{'swahili': 'maji', 'english': 'water'}}")


def json_items(path: Path) -> Iterator[tuple[str, Any]]:
    """Place and value of every item of the list in a `.json` file, or of every line of a `.jsonl` file."""
    lines = list(numbered_lines(path))
    if path.suffix.lower() == ".jsonl":
        for number, line in lines:
            yield f"{path}:{number}", _parse(line, path, first_line=number)
        return
    # Blank lines are put back, so that the parser's line numbers are those of the file.
    padded = [""] * (lines[-1][0] if lines else 0)
    for number, line in lines:
        padded[number - 1] = line
    data = _parse("\n".join(padded), path, first_line=1)
    if not isinstance(data, list):
        raise LexiconError(f"{path}:1: the top of the file is a {type(data).__name__}, not a list of objects")
    for index, item in enumerate(data):
        yield f"{path}: item {index + 1}", item


def _parse(text: str, path: Path, *, first_line: int) -> Any:
    try:
        return parse_json(text)
    except JSONError as err:
        raise LexiconError(f"{path}:{first_line + err.line - 1}: {err.problem}") from err


def pair_of(item: Mapping[str, Any], request: Request, *, where: str) -> RawPair:
    """The pair that a mapping holds; raises LexiconError naming `where` and the keys that are there."""
    columns = dict(request.columns)
    if request.reading.split_column:
        columns["split"] = request.reading.split_column
    forms = {}
    for side, language in request.sides:
        key = columns.get(side) or _key(item, side, language)
        value = lookup(item, key) if key else None
        if value is None:
            wanted = repr(key) if key else f"{language.code} ({language.name.lower()})"
            raise LexiconError(
                f"{where}: nothing under {wanted}; keys: {', '.join(map(str, item))}; name two of them with --columns"
            )
        forms[side] = _words(value, where=f"{where}: {key}") + _variants(item.get(f"{side}_variants"))
    meta = {name: str(lookup(item, columns.get(name, name)) or "") for name in ("concept", "pos", "field", "split")}
    own = bool(request.reading.split_column)
    split = split_called(meta["split"], where=where, own=own) if meta["split"] or own else None
    return RawPair(forms["source"], forms["target"], where, meta["concept"], meta["pos"], meta["field"], split)


def lookup(item: Mapping[str, Any], key: str) -> Any:
    """The value under `key`; a dotted key goes into nested objects (`translation.sw`)."""
    if key in item:
        return item[key]
    value: Any = item
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def _key(item: Mapping[str, Any], side: str, language: Language) -> str | None:
    for key in item:
        if isinstance(key, str) and find_language(key) == language:
            return key
    return side if side in item else None


def _variants(value: Any) -> tuple[str, ...]:
    """Variants as our own data sets keep them: one string with `|` between, or nothing."""
    return tuple(value.split(VARIANT_SEPARATOR)) if isinstance(value, str) and value else ()


def _words(value: Any, *, where: str) -> tuple[str, ...]:
    words = value if isinstance(value, list) else [value]
    if not words or not all(isinstance(word, str) and word.strip() for word in words):
        raise LexiconError(f"{where}: {str(value)[:60]!r} is not a word or a list of words")
    return tuple(words)
