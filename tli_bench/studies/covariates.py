"""What is known of a language pair without any model: lexical distance, family, script, and URIEL distances where a file is given."""

from collections.abc import Mapping
from functools import lru_cache

from tli_bench.base.columns import number, read_rows
from tli_bench.base.errors import InputError, UnscorableError
from tli_bench.evaluate.distances import distance_of
from tli_bench.languages import Language, pair_id, resolve_pair
from tli_bench.lexicon import load_lexicon
from tli_bench.studies.design import COVARIATES, Design


def covariates_of(design: Design) -> dict[str, dict[str, float]]:
    """Values by covariate, then scored pair; family and script are 1 where both languages have the same, else 0.

    A lexical distance that cannot be given leaves its pair out. Raises InputError for a column or a pair that the file of URIEL
    distances lacks.
    """
    named = [name for name in design.covariates if name not in COVARIATES]
    uriel = _uriel(design, named) if named else {}
    return {name: uriel[name] if name in uriel else _own(design, name) for name in design.covariates}


def _own(design: Design, name: str) -> dict[str, float]:
    found = {}
    for pair in design.scored:
        source, target = resolve_pair(pair)
        if name == "family":
            found[pair] = float(source.related(target))
        elif name == "script":
            found[pair] = float(source.script == target.script)
        else:
            words = load_lexicon(design.lexicon, pair=pair).pairs
            try:
                found[pair] = _distance(tuple((w.source, w.target) for w in words), source, target)
            except UnscorableError:
                continue
    return found


# Several studies are answered at once, most on the same lexicon.
@lru_cache(maxsize=64)
def _distance(words: tuple[tuple[str, str], ...], source: Language, target: Language) -> float:
    return distance_of([word for word, _ in words], [word for _, word in words], source, target)


def _uriel(design: Design, names: list[str]) -> Mapping[str, dict[str, float]]:
    assert design.uriel is not None  # the design refuses such names without a file
    rows = {}
    for row in read_rows(design.uriel, ["pair", *names]):
        rows[pair_id(*resolve_pair(row.cells["pair"]))] = row
    missing = [pair for pair in design.scored if pair not in rows]
    if missing:
        raise InputError(f"{design.uriel} has no row for {missing[0]}; give one for every scored pair")
    return {name: {pair: number(design.uriel, rows[pair], name) for pair in design.scored} for name in names}
