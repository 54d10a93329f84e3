"""Sentences with a tag per word from files: WikiANN's, and CoNLL-U; and from rows of the Hub whose tags are numbers or names."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tli_bench.downstream.errors import DataError
from tli_bench.downstream.readers import read_text
from tli_bench.downstream.sources import Row
from tli_bench.downstream.tagged import TaggedSentence


def read_wikiann(path: Path, *, language: str) -> list[TaggedSentence]:
    """A file of WikiANN (Pan et al. 2017) in the split of Rahimi et al. 2019: `<language>:<word>` and tag on each line, a tab between
    them, an empty line after each sentence. Raises DataError naming file and line.
    """
    found = []
    for block in _blocks(path):
        words, tags = [], []
        for number, line in block:
            word, tab, tag = line.rpartition("\t")
            mark, colon, word = word.partition(":")
            if not tab or not colon or mark != language:
                raise DataError(f"{path}: line {number} must be `{language}:word<tab>tag`, got {line!r:.60}")
            # Some words are nothing but a mark that is not visible; no model sees them.
            if word.strip():
                words.append(word)
                tags.append(tag)
        found.append(_sentence(words, tags, f"{path}: line {block[0][0]}"))
    return _some(found, path)


def read_conllu(path: Path) -> list[TaggedSentence]:
    """Words and universal parts of speech of a CoNLL-U file; ranges of words (`1-2`) and empty nodes (`1.1`) are passed over.

    Raises DataError naming file and line.
    """
    found = []
    for block in _blocks(path):
        words, tags = [], []
        for number, line in block:
            if line.startswith("#"):
                continue
            columns = line.split("\t")
            if len(columns) != 10:
                raise DataError(f"{path}: line {number} must have ten columns, has {len(columns)}")
            if columns[0].isdecimal():
                words.append(columns[1])
                tags.append(columns[3])
        if words:
            found.append(_sentence(words, tags, f"{path}: line {block[0][0]}"))
    return _some(found, path)


def sentence_of_row(row: Row, *, source: str, number: int, tags: str, names: Sequence[str]) -> TaggedSentence:
    """A row of the Hub, its words in the column `tokens`. names: what numbers in the column `tags` mean. Raises DataError."""
    where = f"{source}: row {number}"
    for column in ("tokens", tags):
        if not isinstance(row.get(column), list | tuple):
            raise DataError(f"{where}: `{column}` must be a list; the columns are {', '.join(map(str, row)):.200}")
    if len(row["tokens"]) != len(row[tags]):
        raise DataError(f"{where}: {len(row['tokens'])} words and {len(row[tags])} tags")
    kept = [
        (word, _name(row, tags, place, names, where)) for place, word in enumerate(row["tokens"]) if str(word).strip()
    ]
    return _sentence([str(word) for word, _ in kept], [tag for _, tag in kept], where)


def _name(row: Mapping[str, Any], column: str, place: int, names: Sequence[str], where: str) -> str:
    value = row[column][place]
    if isinstance(value, str):
        return value
    if not isinstance(value, int) or not 0 <= value < len(names):
        raise DataError(f"{where}: `{column}` must be a name or a number below {len(names)}, got {value!r:.40}")
    return names[value]


def _blocks(path: Path) -> Iterator[list[tuple[int, str]]]:
    """Numbered lines of a file, cut at empty lines."""
    lines = read_text(path).replace("\r\n", "\n").split("\n")
    block: list[tuple[int, str]] = []
    for number, line in enumerate([*lines, ""], start=1):
        if line.strip():
            block.append((number, line))
        elif block:
            yield block
            block = []


def _sentence(words: Sequence[str], tags: Sequence[str], where: str) -> TaggedSentence:
    for tag in tags:
        if not tag or tag == "_" or tag != tag.strip():
            raise DataError(f"{where}: every word needs a tag, got {tag!r}")
    return TaggedSentence(tuple(unicodedata.normalize("NFC", word) for word in words), tuple(tags))


def _some(found: Sequence[TaggedSentence], path: Path) -> list[TaggedSentence]:
    kept = [sentence for sentence in found if sentence.words]
    if not kept:
        raise DataError(f"{path}: no sentences")
    return kept
