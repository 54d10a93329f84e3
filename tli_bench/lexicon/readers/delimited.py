"""Two-column TSV and CSV, with or without a header; also our own exports and the core table."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from tli_bench.base.errors import LexiconError
from tli_bench.languages import find_language
from tli_bench.lexicon.core import parse_split
from tli_bench.lexicon.entries import VARIANT_SEPARATOR
from tli_bench.lexicon.readers.base import RawPair, Request
from tli_bench.lexicon.text import numbered_lines

_OPTIONAL = ("concept", "pos", "field", "split", "source_variants", "target_variants")


def read_delimited(path: Path, request: Request) -> Iterator[RawPair]:
    """Rows of a `.tsv` or `.csv` file, the source in the first column and the target in the second.

    A header is optional: it names languages (`swahili,english`, `swh_Latn`), or `source` and `target`, or what
    `columns` says, and may have `concept`, `pos`, `field` and `split`. A cell may hold variants (`big|large`); a row of
    a table with concepts that lacks a word is left out.
    """
    rows = table_rows(path)
    first = next(rows, None)
    if first is None:
        raise LexiconError(f"{path}:1: the file is empty; give one pair per line, source and target")
    number, cells = first
    places = _header(cells, request, where=f"{path}:{number}")
    if places is None:
        yield from _pair(cells, {"source": 0, "target": 1}, where=f"{path}:{number}", strict=True)
    strict = places is None or "concept" not in places
    for number, cells in rows:
        yield from _pair(cells, places or {"source": 0, "target": 1}, where=f"{path}:{number}", strict=strict)


def table_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of every line of a `.csv` file, or of one with tabs."""
    lines = numbered_lines(path)
    if path.suffix.lower() != ".csv":
        yield from ((number, line.split("\t")) for number, line in lines)
        return
    for number, line in lines:
        try:
            cells = next(csv.reader([line], strict=True, delimiter=_delimiter(line)))
        except csv.Error as err:
            raise LexiconError(f"{path}:{number}: {err}; quote a cell that holds the delimiter") from err
        yield number, cells


def _delimiter(line: str) -> str:
    """Spreadsheets of many locales write `;` where the comma is the decimal mark."""
    return ";" if line.count(";") > line.count(",") else ","


def _header(cells: Sequence[str], request: Request, *, where: str) -> dict[str, int] | None:
    """Column of each role, or None if the first line is already a pair."""
    names = [cell.strip() for cell in cells]
    lowered = [name.lower() for name in names]
    places = {role: lowered.index(role) for role in _OPTIONAL if role in lowered}
    if request.columns:
        for role, name in request.columns.items():
            if name not in names:
                raise LexiconError(f"{where}: no column {name!r} for the {role}; columns: {', '.join(names)}")
            places[role] = names.index(name)
        if {"source", "target"} <= set(places):
            return places
        raise LexiconError(f"{where}: columns must name both 'source' and 'target', got {dict(request.columns)}")
    if {"source", "target"} <= set(lowered):
        return places | {role: lowered.index(role) for role in ("source", "target")}
    spoken = [find_language(name) for name in names]
    if sum(lang is not None for lang in spoken) < 2:
        return None
    for role, language in (("source", request.source), ("target", request.target)):
        if language not in spoken:
            found = ", ".join(lang.code for lang in spoken if lang)
            raise LexiconError(f"{where}: no column for {language.code}; languages here: {found}")
        places[role] = spoken.index(language)
    return places


def _pair(cells: Sequence[str], places: dict[str, int], *, where: str, strict: bool) -> Iterator[RawPair]:
    needed = max(places["source"], places["target"]) + 1
    if len(cells) < needed:
        raise LexiconError(f"{where}: {len(cells)} column(s), but {needed} are needed: {cells[0]!r}")
    found = {role: cells[place].strip() for role, place in places.items() if place < len(cells)}
    forms = {}
    for side in ("source", "target"):
        forms[side] = words = _forms(found[side]) + _forms(found.get(f"{side}_variants", ""))
        if not words:
            if strict:
                raise LexiconError(f"{where}: the {side} word is empty; fill it in or delete the line")
            return
    split = parse_split(found["split"], where=where) if found.get("split") else None
    meta = (found.get("concept", ""), found.get("pos", ""), found.get("field", ""))
    yield RawPair(forms["source"], forms["target"], where, *meta, split)


def _forms(cell: str) -> tuple[str, ...]:
    if VARIANT_SEPARATOR not in cell:
        return (cell,) if cell else ()
    return tuple(word for word in cell.split(VARIANT_SEPARATOR) if word.strip())
