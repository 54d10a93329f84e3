"""Do the tests over all layers say what the curves say, and at layers that were kept, what the words say?"""

import math
from collections.abc import Iterator

from tli_bench.base.errors import UnscorableError
from tli_bench.measures.registry import get_measure
from tli_bench.measures.roles import CHANCE
from tli_bench.records.controls import Family, LayerTest
from tli_bench.records.run_record import RunRecord
from tli_bench.stats.pseudo import estimate, from_test

TOLERANCE = 2e-5
"""As of any figure that is computed again: curves are averages of single precision."""


def check_family(record: RunRecord) -> Iterator[str]:
    """One line for each test that does not follow from the rest of the record."""
    family = record.controls.family if record.controls else None
    if family is None:
        return
    layers = [test.layer for test in family.tests]
    if len(set(layers)) != len(layers) or not set(layers) <= set(record.layers):
        yield f"tests of all layers: {len(layers)} tests of {len(set(layers))} layers, which are not those of the signature"
        return
    headline, expected = record.headline_of(family.split), record.signature.n.get(family.split.value, 0)
    nothing = [None] * len(record.layers)
    base, adapted = (record.curve(headline, family.split, state) or nothing for state in ("base", "adapted"))
    values = {layer: (x, y) for layer, x, y in zip(record.layers, base, adapted, strict=True)}
    kept = record.kept_layers(family.split)
    for test in family.tests:
        where, (before, after) = f"test of layer {test.layer}", values[test.layer]
        if before is None or (record.state == "adapted" and after is None):
            yield f"{where}: there is no {get_measure(headline).label} at this layer"
            continue
        value = before - CHANCE[headline] if after is None else after - before
        if test.n != expected:
            yield f"{where}: of {test.n} words, but n says {expected}"
        elif abs(test.difference - value) > TOLERANCE:
            yield f"{where}: the difference is given as {test.difference:.6f}, but the curves give {value:.6f}"
        elif test.layer in kept:
            yield from (f"{where}: {problem}" for problem in _from_words(record, family, test, headline))


def _from_words(record: RunRecord, family: Family, test: LayerTest, headline: str) -> Iterator[str]:
    """Its standard error, where pseudo-values of both sides were kept whole."""
    base, adapted = (record.pseudo_column(headline, family.split, state, test.layer) for state in ("base", "adapted"))
    if base is None or (record.state == "adapted" and adapted is None):
        return
    try:
        found = estimate(base if adapted is None else adapted - base)
    except UnscorableError:
        return
    given = from_test(test.n, test.difference, test.t, test.p)
    if found.se is not None and given.se is not None and not math.isclose(given.se, found.se, abs_tol=TOLERANCE):
        yield f"its standard error is given as {given.se:.6f}, but the words give {found.se:.6f}"
