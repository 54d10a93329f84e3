"""Words that somebody says were trained: from a plain list, or from a list of pairs in any of our text formats."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tli_bench.base.errors import LexiconError
from tli_bench.languages import find_language
from tli_bench.lexicon.entries import VARIANT_SEPARATOR
from tli_bench.lexicon.pairs import TESTED, Split
from tli_bench.lexicon.readers.delimited import table_rows
from tli_bench.lexicon.readers.pairs_json import json_items
from tli_bench.lexicon.text import numbered_lines

_SIDES = ("source", "target", "source_variants", "target_variants")
_HELD_OUT = frozenset(split.value for split in (Split.DEV, *TESTED))


def declared_words(path: Path) -> frozenset[str]:
    """Every word in a `.tsv`, `.csv`, `.json`, `.jsonl` or `.txt` file, as written there and without a language.

    A table or an object names its words by language, or by `source` and `target`; without a header every cell is a
    word. Rows of the split `dev`, `control` or `audit` were not trained. In plain text a line is a word, or words between tabs;
    one of two words may also be a pair. Raises LexiconError for a file that cannot be read or holds no word.
    """
    kind = path.suffix.lower()
    if kind in (".tsv", ".csv"):
        found = _of_table([cells for _, cells in table_rows(path)])
    elif kind in (".json", ".jsonl"):
        found = _of_items(json_items(path))
    elif kind in (".txt", ".dict"):
        found = _of_lines(line for _, line in numbered_lines(path))
    else:
        raise LexiconError(f"{path}: trained words are read from .tsv, .csv, .json, .jsonl and .txt files")
    cells = (form.strip() for cell in found for form in cell.split(VARIANT_SEPARATOR))
    words = frozenset(word for word in cells if word)
    if not words:
        raise LexiconError(f"{path}: there is no word in it")
    return words


def _of_table(rows: list[list[str]]) -> Iterator[str]:
    header = [cell.strip() for cell in rows[0]] if rows else []
    named = [place for place, cell in enumerate(header) if _names_words(cell)]
    if len(named) < 2:
        yield from (cell for cells in rows for cell in cells)
        return
    split = next((place for place, cell in enumerate(header) if cell.lower() == "split"), None)
    for cells in rows[1:]:
        if split is None or split >= len(cells) or cells[split].strip() not in _HELD_OUT:
            yield from (cells[place] for place in named if place < len(cells))


def _of_items(items: Iterable[tuple[str, Any]]) -> Iterator[str]:
    for where, item in items:
        values = [item]
        if isinstance(item, Mapping):
            values = [value for name, value in item.items() if _names_words(str(name))]
            if not values:
                raise LexiconError(f"{where}: no key names a language, source or target; keys: {', '.join(item)}")
            if str(item.get("split")) in _HELD_OUT:
                continue
        for value in values:
            forms = value if isinstance(value, list) else [value]
            if not all(isinstance(form, str) for form in forms):
                raise LexiconError(f"{where}: {str(value)[:60]!r} is not a word or a list of words")
            yield from forms


def _of_lines(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if "\t" in line:
            yield from (cell.replace("_", " ") for cell in line.split("\t"))
            continue
        parts = [part.replace("_", " ") for part in line.split()]
        yield " ".join(parts)
        if len(parts) == 2:
            yield from parts


def _names_words(name: str) -> bool:
    return name.lower() in _SIDES or find_language(name) is not None
