"""MUSE and xling-eval dictionaries: one pair per line, separated by white space; underscores stand for spaces inside a word."""

from collections.abc import Iterator
from pathlib import Path

from tli_bench.base.errors import LexiconError
from tli_bench.lexicon.readers.base import RawPair, Request
from tli_bench.lexicon.text import numbered_lines


def read_muse(path: Path, request: Request) -> Iterator[RawPair]:
    """Pairs of a `.txt` or `.dict` file; on a line with a tab, words may contain spaces.

    Several lines with the same source are one pair with variants, and case is kept as written.
    """
    empty = True
    for number, line in numbered_lines(path):
        empty = False
        words = line.strip().split("\t") if "\t" in line.strip() else line.split()
        words = [word.strip().replace("_", " ").strip() for word in words]
        if len(words) != 2 or not all(words):
            raise LexiconError(
                f"{path}:{number}: {line.strip()[:60]!r} is not a pair of two words; join the parts of one word with "
                "an underscore or put a tab between source and target"
            )
        yield RawPair((words[0],), (words[1],), f"{path}:{number}")
    if empty:
        raise LexiconError(f"{path}:1: the file is empty; give one pair per line, source and target")
