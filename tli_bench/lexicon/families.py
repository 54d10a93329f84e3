"""Concepts whose words share a root in some language, as somebody who looked decided: they stay on one side of every split."""

from pathlib import Path

from tli_bench.base.errors import LexiconError
from tli_bench.lexicon.entries import VARIANT_SEPARATOR
from tli_bench.lexicon.text import numbered_lines

FAMILIES_FILE = "families.tsv"
HEADER = ("family", "concepts", "evidence")


def read_families(folder: Path) -> dict[str, str]:
    """The family of every concept that has one; none if the folder holds no such file.

    Raises LexiconError naming file, line and reason, also for a concept of two families: they are one then.
    """
    path = folder / FAMILIES_FILE
    found: dict[str, str] = {}
    if not path.is_file():
        return found
    for number, line in numbered_lines(path):
        cells = line.split("\t")
        where = f"{path}:{number}"
        if len(cells) != len(HEADER) or (number == 1 and tuple(cells) != HEADER):
            raise LexiconError(
                f"{where}: the columns must be {', '.join(HEADER)}, tab-separated, named on the first line"
            )
        if number == 1:
            continue
        name, concepts = cells[0], cells[1].split(VARIANT_SEPARATOR)
        for concept in concepts:
            if found.setdefault(concept, name) != name:
                raise LexiconError(f"{where}: {concept!r} is already in the family {found[concept]!r}; join the two")
        if not name or len(concepts) < 2:
            raise LexiconError(
                f"{where}: a family needs a name and at least two concepts, {VARIANT_SEPARATOR} between them"
            )
    return found
