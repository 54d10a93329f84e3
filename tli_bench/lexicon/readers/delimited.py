"""TSV and CSV, with or without a header, quoted or not; also our own exports and the core table."""

import csv
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from tli_bench.base.errors import LexiconError
from tli_bench.lexicon.readers.base import RawPair, Request
from tli_bench.lexicon.readers.table import Row, read_table
from tli_bench.lexicon.text import numbered_lines

_LOOKED_AT = 50
_LONGEST_CELL = 10
_DELIMITERS = (";", "\t", ",")


def read_delimited(path: Path, request: Request) -> Iterator[RawPair]:
    """Rows of a `.tsv` or `.csv` file, by default with the source in the first column and the target in the second.

    A header is found whatever its names; it may name languages (`swahili,english`, `swh_Latn`), `source` and `target`, and
    have `concept`, `pos`, `field` and `split`. Without names of languages, the name of the file may tell which column is
    which (`en-tr.tsv`).
    """
    return read_table(table_rows(path), path, request)


def table_rows(path: Path) -> Iterator[Row]:
    """Number and cells of every row of a `.csv` file, or of one with tabs; a quoted cell may run over several lines.

    Raises LexiconError naming the line where a row begins whose quotes do not match.
    """
    lines = numbered_lines(path)
    delimiter = "\t"
    if path.suffix.lower() == ".csv":
        head = list(islice(lines, _LOOKED_AT))
        delimiter = _delimiter([line for _, line in head])
        lines = chain(head, lines)
    for number, line in lines:
        yield number, line.split(delimiter) if '"' not in line else quoted_cells(number, line, lines, delimiter, path)


def quoted_cells(number: int, line: str, lines: Iterator[tuple[int, str]], delimiter: str, path: Path) -> list[str]:
    """The cells of a row that has quotation marks; `lines` are those after it, of which it takes what belongs to it."""

    def whole() -> Iterator[str]:
        yield f"{line}\n"
        for _, following in islice(lines, _LONGEST_CELL - 1):
            yield f"{following}\n"

    try:
        cells = next(csv.reader(whole(), strict=True, delimiter=delimiter))
    except csv.Error as err:
        raise LexiconError(
            f"{path}:{number}: {err}; quote a cell that holds the delimiter, and close it within {_LONGEST_CELL} lines"
        ) from err
    return [" ".join(cell.split()) for cell in cells]


def _delimiter(lines: Sequence[str]) -> str:
    """What separates the cells of a `.csv` file; spreadsheets of many locales write `;` where the comma is the decimal mark."""
    shares = {mark: sum(mark in line for line in lines) for mark in _DELIMITERS}
    return max(_DELIMITERS, key=lambda mark: shares[mark]) if any(shares.values()) else ","
