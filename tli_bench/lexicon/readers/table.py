"""From rows of cells to word pairs: which columns hold what, by the user, the header, the name of the file, or their places."""

import logging
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from tli_bench.base.errors import LexiconError
from tli_bench.languages import find_language
from tli_bench.lexicon.entries import VARIANT_SEPARATOR
from tli_bench.lexicon.readers.base import RawPair, Request
from tli_bench.lexicon.readers.header import is_header, language_in, may_hold_words
from tli_bench.lexicon.readers.names import stands_reversed
from tli_bench.lexicon.readers.split_names import is_split, looks_like_splits, split_called

log = logging.getLogger(__name__)
Row = tuple[int, list[str]]
"""Number of a line and its cells."""

_OPTIONAL = ("concept", "pos", "field", "split", "source_variants", "target_variants")
_LOOKED_AT = 200
_PARTS_OF_SPEECH = frozenset(
    [
        "n",
        "v",
        "a",
        "r",
        "noun",
        "verb",
        "adj",
        "adjective",
        "adv",
        "adverb",
        "num",
        "pron",
        "conj",
        "prep",
        "adp",
        "det",
        "intj",
    ]
)


class _Layout(NamedTuple):
    """The place of each role, and whether every row must have a word on both sides."""

    places: dict[str, int]
    strict: bool


def read_table(rows: Iterator[Row], path: Path, request: Request) -> Iterator[RawPair]:
    """The pairs of a table; a cell may hold variants (`big|large`), and a table with concepts may lack words.

    Raises LexiconError naming file and line for a row without its words, and the columns that there are for a header
    that does not say which of them are wanted.
    """
    head = list(islice(rows, _LOOKED_AT))
    if not head:
        raise LexiconError(f"{path}:1: the file is empty; give one pair per line, source and target")
    where = f"{path}:{head[0][0]}"
    header = _header(head, request, where=where)
    layout = _named(header, head, path, request) if header else _unnamed(head, path, request)
    own_split = bool(request.reading.split_column)
    if "split" not in layout.places:
        _hint_at_splits(head, header, where=where)
    for number, cells in chain(head[1:] if header else head, rows):
        yield from _pair(cells, layout, where=f"{path}:{number}", own_split=own_split)


def _header(head: Sequence[Row], request: Request, *, where: str) -> list[str] | None:
    """The names of the columns, or None if the first row is already a pair."""
    names = [cell.strip() for cell in head[0][1]]
    reading = request.reading
    if reading.header is not None:
        return names if reading.header else None
    asked = [*reading.columns.values(), *filter(None, [reading.split_column])]
    if any(not name.isdigit() for name in asked):
        return names
    rest = [cells for _, cells in head[1:]]
    return names if is_header(names, rest, request, where=where) else None


def _named(names: list[str], head: Sequence[Row], path: Path, request: Request) -> _Layout:
    where = f"{path}:{head[0][0]}"
    lowered = [name.lower() for name in names]
    places = {role: lowered.index(role) for role in _OPTIONAL if role in lowered}
    chosen = dict(request.columns)
    if request.reading.split_column:
        chosen["split"] = request.reading.split_column
    for role, name in chosen.items():
        places[role] = _place(name, names, role, where=where)
    if not {"source", "target"} <= set(places):
        places |= _sides(names, lowered, places, path, request, where=where)
    return _Layout(places, "concept" not in places)


def _place(name: str, names: Sequence[str], role: str, *, where: str) -> int:
    """Place of a column by its name or its number."""
    if name in names:
        return names.index(name)
    if name.isdigit() and 1 <= int(name) <= len(names):
        return int(name) - 1
    raise LexiconError(
        f"{where}: no column {name!r} for the {role}; columns: {', '.join(names)}; name one with --columns, or by its number"
    )


def _sides(
    names: list[str], lowered: list[str], known: dict[str, int], path: Path, request: Request, *, where: str
) -> dict[str, int]:
    """The columns of the two languages: called so, by language, or the only two."""
    if {"source", "target"} <= set(lowered):
        return {role: lowered.index(role) for role in ("source", "target")}
    taken = set(known.values())
    whole = [None if place in taken else find_language(name) for place, name in enumerate(names)]
    spoken = [
        None if place in taken else (language or language_in(name))
        for place, (name, language) in enumerate(zip(names, whole, strict=True))
    ]
    places: dict[str, int] = {}
    for role, language in request.sides:
        column = whole if language in whole else spoken
        if language in column:
            places[role] = column.index(language)
    free = [p for p, name in enumerate(names) if p not in taken and name and (spoken[p] or may_hold_words(name))]
    if len(places) == 1 and len(free) == 2 and sum(language is not None for language in spoken) == 1:
        (role,) = places
        places["target" if role == "source" else "source"] = next(p for p in free if p != places[role])
    if len(places) == 2:
        return places
    found = list(dict.fromkeys(language.code for language in spoken if language))
    if len(found) >= 2:
        lacking = next(language.code for role, language in request.sides if role not in places)
        raise LexiconError(f"{where}: no column for {lacking}; languages here: {', '.join(found)}")
    if len(free) == 2 and not places:
        return dict(zip(_order(path, request), free, strict=True))
    raise LexiconError(
        f"{where}: the header does not say which column is {request.source.name} and which is {request.target.name}: "
        f"{', '.join(names)}; name them with --columns, source first, or give --header no if this is a pair"
    )


def _order(path: Path, request: Request) -> tuple[str, str]:
    """The roles of the first and second column of words."""
    if request.reading.swap:  # then the name of the file is not asked: the rows are exchanged as they stand
        return "source", "target"
    return ("target", "source") if stands_reversed(path, request) else ("source", "target")


def _unnamed(head: Sequence[Row], path: Path, request: Request) -> _Layout:
    cells = head[0][1]
    numbers = [str(place + 1) for place in range(len(cells))]
    chosen = dict(request.columns)
    if request.reading.split_column:
        chosen["split"] = request.reading.split_column
    places = {}
    for role, name in chosen.items():
        if name not in numbers:
            raise LexiconError(
                f"{path}: no column {name!r} for the {role}: there is no header; give its number, 1 to {len(cells)}"
            )
        places[role] = int(name) - 1
    if not {"source", "target"} <= set(places):
        _require_two_of_words(head, where=f"{path}:{head[0][0]}")
        places |= dict(zip(_order(path, request), (0, 1), strict=True))
    return _Layout(places, True)


def _require_two_of_words(head: Sequence[Row], *, where: str) -> None:
    """Raise LexiconError if a third column holds as many different words as there are rows, and not a few labels or numbers."""
    rows = [cells for _, cells in head]
    for place in range(2, min(map(len, rows))):
        column = [row[place].strip() for row in rows]
        words = {cell for cell in column if any(map(str.isalpha, cell)) and not _is_label(cell)}
        if len(rows) > 2 and len(words) > len(rows) / 2:
            raise LexiconError(
                f"{where}: there are {len(rows[0])} columns and no header: {', '.join(map(repr, rows[0]))}; "
                "name the two columns with --columns, source first, e.g. --columns 1,2"
            )


def _is_label(cell: str) -> bool:
    return cell.lower().rstrip(".") in _PARTS_OF_SPEECH or is_split(cell)


def _hint_at_splits(head: Sequence[Row], header: list[str] | None, *, where: str) -> None:
    """Say which column looks like the list's own split, since it is not read unless it is asked for."""
    rows = [cells for _, cells in (head[1:] if header else head)]
    for place in range(min(map(len, rows), default=0)):
        if looks_like_splits([row[place].strip() for row in rows]):
            name = header[place] if header and place < len(header) else str(place + 1)
            log.warning(
                "%s: column %r looks like the list's own split; `--split-column %s` keeps it", where, name, name
            )


def _pair(cells: Sequence[str], layout: _Layout, *, where: str, own_split: bool) -> Iterator[RawPair]:
    places = layout.places
    needed = max(places["source"], places["target"]) + 1
    if len(cells) < needed:
        raise LexiconError(
            f"{where}: {len(cells)} column(s), but {needed} are needed: {' '.join(cells)!r:.60}; put a tab between them, or a comma or "
            "semicolon in a file called .csv"
        )
    if len(places) == 2:
        left, right = cells[places["source"]].strip(), cells[places["target"]].strip()
        if left and right and VARIANT_SEPARATOR not in left and VARIANT_SEPARATOR not in right:
            yield RawPair((left,), (right,), where)
            return
    found = {role: cells[place].strip() for role, place in places.items() if place < len(cells)}
    forms = {}
    for side in ("source", "target"):
        forms[side] = words = _forms(found[side]) + _forms(found.get(f"{side}_variants", ""))
        if not words:
            if layout.strict:
                raise LexiconError(f"{where}: the {side} word is empty; fill it in or delete the line")
            return
    called = found.get("split", "")
    split = split_called(called, where=where, own=own_split) if called or own_split else None
    meta = (found.get("concept", ""), found.get("pos", ""), found.get("field", ""))
    yield RawPair(forms["source"], forms["target"], where, *meta, split)


def _forms(cell: str) -> tuple[str, ...]:
    if VARIANT_SEPARATOR not in cell:
        return (cell,) if cell else ()
    return tuple(word for word in cell.split(VARIANT_SEPARATOR) if word.strip())
