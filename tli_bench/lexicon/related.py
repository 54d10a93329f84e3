"""Concepts whose words share a root in some language, as somebody who looked decided: splits keep them apart from what is tested.

They come in pairs, not in families: in one language or another nearly every everyday word is related to some other, so that the families of
all languages together are one.
"""

from collections import defaultdict
from pathlib import Path

from tli_bench.base.errors import LexiconError
from tli_bench.lexicon.text import numbered_lines

RELATED_FILE = "related.tsv"
HEADER = ("concept", "other", "evidence")


def read_related(folder: Path) -> dict[str, tuple[str, ...]]:
    """The concepts that each concept is related to; none if the folder holds no such file.

    Raises LexiconError naming file, line and reason.
    """
    path = folder / RELATED_FILE
    found: defaultdict[str, set[str]] = defaultdict(set)
    if not path.is_file():
        return {}
    for number, line in numbered_lines(path):
        cells = line.split("\t")
        if len(cells) != len(HEADER) or (number == 1 and tuple(cells) != HEADER):
            raise LexiconError(f"{path}:{number}: the columns must be {', '.join(HEADER)}, tab-separated, named first")
        if number == 1:
            continue
        one, other, evidence = cells
        if not evidence or one >= other or other in found[one]:
            raise LexiconError(
                f"{path}:{number}: two concepts in alphabetical order, once, with evidence; got {line!r}"
            )
        found[one].add(other)
        found[other].add(one)
    return {concept: tuple(sorted(others)) for concept, others in found.items()}
