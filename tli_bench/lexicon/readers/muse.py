"""MUSE and xling-eval dictionaries: one pair per line, separated by white space; underscores stand for spaces inside a word."""

from collections.abc import Iterator
from pathlib import Path

from tli_bench.base.errors import LexiconError
from tli_bench.lexicon.readers.base import RawPair, Request
from tli_bench.lexicon.readers.delimited import quoted_cells
from tli_bench.lexicon.readers.table import Row, read_table
from tli_bench.lexicon.text import numbered_lines


def read_muse(path: Path, request: Request) -> Iterator[RawPair]:
    """Pairs of a `.txt` or `.dict` file; on a line with a tab, words may contain spaces.

    Several lines with the same source are one pair with variants, and case is kept as written. The name of the file may tell
    which language stands first (`en-tr.txt`). More than two columns are read only where `columns` or `split_column` names some of them.
    """
    chosen = request.columns or request.reading.split_column
    return read_table(_rows(path, exactly=None if chosen else 2), path, request)


def _rows(path: Path, *, exactly: int | None) -> Iterator[Row]:
    lines = numbered_lines(path)
    for number, line in lines:
        text = line.strip()
        cells = text.split("\t" if "\t" in text else None)
        if '"' in text and "\t" in text:
            cells = quoted_cells(number, text, lines, "\t", path)
        words = [word.strip().replace("_", " ").strip() for word in cells]
        if (exactly and len(words) != exactly) or not all(words):
            raise LexiconError(
                f"{path}:{number}: {text[:60]!r} is not a pair of two words; join the parts of one word with "
                "an underscore or put a tab between source and target"
            )
        yield number, words
