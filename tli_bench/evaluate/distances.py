"""Distances of two languages: lexical, of words for the same concepts in one spelling, and from a table of one's own."""

from collections.abc import Sequence
from pathlib import Path

from tli_bench.base.columns import number, read_rows
from tli_bench.base.errors import InputError, UnknownNameError
from tli_bench.languages import Language, resolve_language
from tli_bench.lexicon.romanise import romanise
from tli_bench.measures.distance import lexical_distance


def distance_of(sources: Sequence[str], targets: Sequence[str], source: Language, target: Language) -> float:
    """LDND of two lists `[n]`, word i of both being concept i; raises UnscorableError as `lexical_distance` does."""
    if source.script != target.script:
        sources = [romanise(word, source) for word in sources]
        targets = [romanise(word, target) for word in targets]
    return lexical_distance(sources, targets).ldnd


def read_distances(path: Path) -> dict[str, dict[frozenset[str], float]]:
    """Distances by column from a CSV with `lang1`, `lang2` and numbers, such as an extract of URIEL.

    Languages that the benchmark does not know are skipped. Raises InputError naming file, line and column.
    """
    rows = read_rows(path, ["lang1", "lang2"])
    columns = [name for name in rows[0].cells if name not in ("lang1", "lang2")]
    if not columns:
        raise InputError(f"{path}:1: no distance next to lang1 and lang2; add a column of numbers")
    found: dict[str, dict[frozenset[str], float]] = {name: {} for name in columns}
    for row in rows:
        try:
            key = frozenset(resolve_language(row.cells[side]).code for side in ("lang1", "lang2"))
        except UnknownNameError:
            continue
        for name in columns:
            if not row.cells[name]:
                continue
            value = number(path, row, name)
            if found[name].setdefault(key, value) != value:
                raise InputError(f"{path}:{row.line}: {name!r} of {'-'.join(sorted(key))} differs from an earlier line")
    return found
