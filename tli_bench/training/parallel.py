"""Parallel sentences as training pairs: a file of sentences and their translations, beside the words or in their place."""

import csv
import re
from pathlib import Path

from tli_bench.base.errors import InputError, reason_of
from tli_bench.base.paths import expanded
from tli_bench.base.wording import counted
from tli_bench.lexicon import Lexicon
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.lexicon.trained import Trained

NAME = "parallel sentences"
_WORD = re.compile(r"[^\W\d_]+(?:['’ʻʼ-][^\W\d_]+)*")


def read_parallel(path: str | Path, like: Lexicon) -> Lexicon:
    """The sentences of a UTF-8 file, tab-separated, one pair a line, source language first, as a lexicon that only trains.

    like: a lexicon of the languages that they are in. Raises InputError for a file that cannot be read, a line that does not hold two
    sentences, or a file without any.
    """
    path = expanded(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, UnicodeDecodeError, csv.Error) as err:
        raise InputError(f"the parallel sentences {path} cannot be read as UTF-8 lines: {reason_of(err)}") from err
    pairs = []
    for number, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if len(cells) != 2 or not all(cells):
            raise InputError(
                f"line {number} of {path} has {counted(len(cells), 'column')}, {sum(map(bool, cells))} of them filled; a line is a "
                f"sentence, a tab and its translation ({like.source_language.name} first, as in --pair {like.pair})"
            )
        pairs.append(WordPair(f"line {number}", (cells[0],), (cells[1],), Split.TRAIN))
    if not pairs:
        raise InputError(f"{path} holds no sentences; give one pair a line: a sentence, a tab and its translation")
    return Lexicon(NAME, "", like.source_language, like.target_language, tuple(pairs))


def words_in(sentences: Lexicon) -> Trained:
    """Every word of the sentences, as forms that a training has seen."""
    return Trained.of(
        (language, word)
        for pair in sentences.pairs
        for language, text in ((sentences.source_language, pair.source), (sentences.target_language, pair.target))
        for word in {found.group() for found in _WORD.finditer(text)}
    )
