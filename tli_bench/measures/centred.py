"""The headline and its companions: retrieval among few, once each language's mean is gone.

P@1 among 50 does not depend on the size of the pool, so scores survive a larger lexicon; centred unit vectors do not
reward a shift, a longer vector or a narrower cone. Formula and evidence: docs/explanation/verdicts.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from tli_bench.base.errors import UnscorableError
from tli_bench.measures import pool
from tli_bench.measures.measure import Column, Direction, Measure, Place
from tli_bench.measures.roles import HEADLINE, SIZES, size_for

if TYPE_CHECKING:
    from tli_bench.measures.pool import Score
    from tli_bench.measures.view import LayerView as View
    from tli_bench.measures.view import Space

    Values = Callable[[Space, Score, View], Column]

LOW_OVERLAP = 0.5
"""Edit similarity below which spelling cannot have aligned a pair."""
CENTRED = frozenset({"vectors", "centre"})
_UP = Direction.UP
_COMPANION = frozenset({Place.METRIC, Place.TABLE, Place.COMPARED, Place.BOARD})


def centred_measures() -> Iterator[Measure]:
    """The headline for each size of pool, and what is shown next to it."""
    for m in SIZES:
        yield _among(m)
    yield Measure(
        name="auc_centred", label="AUC, centred", short="AUC", direction=_UP, low=0, high=1, needs=CENTRED, logit=True,
        definition="Share of wrong words farther than the translation, centred unit vectors, mean of both directions.",
        per_concept=partial(own, "directions", pool.farther_share),
        pseudo=partial(pseudo, "directions", pool.farther_share), places=_COMPANION | {Place.DEV},
    )  # fmt: skip
    for m in SIZES:
        yield _plain_among(m)
    yield Measure(
        name="low_overlap", label="low overlap", direction=_UP, low=0, high=1, needs=CENTRED | {"overlap"}, missing="",
        definition=f"The headline over words with edit similarity < {LOW_OVERLAP}: what spelling cannot have aligned.",
        per_concept=_low_overlap, pseudo=_low_overlap_pseudo, places=_COMPANION - {Place.METRIC},
    )  # fmt: skip
    yield Measure(
        name="language_offset", label="language offset", short="offset", direction=Direction.NEITHER, low=-1, high=1, needs=CENTRED,
        definition=f"P@1 of {SIZES[0]} by raw cosine minus the headline: what a constant per language adds or hides.",
        per_concept=partial(_offset, own), pseudo=partial(_offset, pseudo),
        places=frozenset({Place.TABLE, Place.COMPARED}),
    )  # fmt: skip


def own(space: Space, score: Score, view: View) -> Column:
    """Each word's own value `[n]` in one space, mean of both directions."""
    return pool.own_values(view.sides(space), score)


def pseudo(space: Space, score: Score, view: View) -> Column:
    """Pseudo-values `[n]` of the mean of `own`."""
    return pool.pool_pseudo(view.sides(space), score)


def headline_parts(view: View) -> tuple[Sequence[pool.Retrieval], Score]:
    """Retrieval and score of the headline of a view, for parts of it: `pool.pool_pseudo(*headline_parts(view), rows=...)`.

    Raises UnscorableError where the pool is too small for any.
    """
    m = size_for(view.n)
    if view.n <= m:
        raise UnscorableError(f"P@1 of {m} needs a pool of more than {m} words, got {view.n}")
    return view.sides("directions"), pool.found_among(m)


def _low_overlap(view: View) -> Column:
    sides, score = headline_parts(view)
    return np.where(view.fact("overlap") < LOW_OVERLAP, pool.own_values(sides, score), np.nan)


def _low_overlap_pseudo(view: View) -> Column:
    sides, score = headline_parts(view)
    return pool.pool_pseudo(sides, score, rows=np.flatnonzero(view.fact("overlap") < LOW_OVERLAP))


def _among(m: int) -> Measure:
    name = f"p1_of_{m}"
    return Measure(
        name=name,
        label=f"P@1 of {m}",
        axis=f"P@1 among {m}, centred",
        definition=f"Chance that the translation is nearest among itself and {m - 1} random wrong words, centred unit vectors.",
        direction=_UP,
        low=0,
        high=1,
        needs=CENTRED,
        per_concept=partial(_sized, m, own, "directions"),
        pseudo=partial(_sized, m, pseudo, "directions"),
        places=frozenset(Place) if name == HEADLINE else frozenset({Place.METRIC, Place.COMPARED, Place.DEV}),
    )


def _plain_among(m: int) -> Measure:
    return Measure(
        name=f"p1_of_{m}_plain", label=f"P@1 of {m}, plain", direction=_UP, low=0, high=1, needs=CENTRED,
        definition=f"As P@1 of {m}, but centred without making vectors unit first: no shift changes it.",
        per_concept=partial(_sized, m, own, "centred"), pseudo=partial(_sized, m, pseudo, "centred"),
        places=frozenset({Place.COMPARED}),
    )  # fmt: skip


def _sized(m: int, values: Values, space: Space, view: View) -> Column:
    if view.n <= m:
        raise UnscorableError(f"P@1 of {m} needs a pool of more than {m} words, got {view.n}")
    return values(space, pool.found_among(m), view)


def _offset(values: Values, view: View) -> Column:
    m = SIZES[0]
    return _sized(m, values, "cosine", view) - _sized(m, values, "directions", view)
