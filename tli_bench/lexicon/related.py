"""Concepts whose words share a root in some language, as somebody who looked decided: splits keep them apart from what is tested.

They come in pairs, not in families: in one language or another nearly every everyday word is related to some other, so that the families of
all languages together are one. Those that were found on two sides after the splits were frozen stand in a list of their own: no release
moves a split, so they are told, not mended.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tli_bench.base.errors import LexiconError
from tli_bench.lexicon.text import numbered_lines

RELATED_FILE, ACROSS_FILE = "related.tsv", "across.tsv"
HEADER = ("concept", "other", "evidence")


class Relation(NamedTuple):
    """Two concepts in alphabetical order and, as evidence, a language with two of their words: `tur deve/devekuşu`."""

    one: str
    two: str
    evidence: str


def read_related(folder: Path) -> dict[str, tuple[str, ...]]:
    """The concepts that each concept is related to; none if the folder holds no such file.

    Raises LexiconError naming file, line and reason.
    """
    found: defaultdict[str, set[str]] = defaultdict(set)
    for relation in _relations(folder / RELATED_FILE):
        found[relation.one].add(relation.two)
        found[relation.two].add(relation.one)
    return {concept: tuple(sorted(others)) for concept, others in found.items()}


def read_across(folder: Path) -> tuple[Relation, ...]:
    """The pairs that share a root and stand on two sides of frozen splits; none if the folder holds no such file.

    Raises LexiconError naming file, line and reason.
    """
    return tuple(_relations(folder / ACROSS_FILE))


def _relations(path: Path) -> Iterator[Relation]:
    seen: set[tuple[str, str]] = set()
    if not path.is_file():
        return
    for number, line in numbered_lines(path):
        cells = line.split("\t")
        if len(cells) != len(HEADER) or (number == 1 and tuple(cells) != HEADER):
            raise LexiconError(f"{path}:{number}: the columns must be {', '.join(HEADER)}, tab-separated, named first")
        if number == 1:
            continue
        relation = Relation(*cells)
        if not relation.evidence or relation.one >= relation.two or relation[:2] in seen:
            raise LexiconError(
                f"{path}:{number}: two concepts in alphabetical order, once, with evidence; got {line!r}"
            )
        seen.add(relation[:2])
        yield relation
