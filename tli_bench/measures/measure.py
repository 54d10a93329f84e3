"""`Measure`: one object that says what a number is, what it needs, how it is computed, and where it is shown."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tli_bench.base.errors import InputError, UnscorableError

if TYPE_CHECKING:
    from tli_bench.measures.view import LayerView

Column = NDArray[np.float64]
VECTORS = frozenset({"vectors"})
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Direction(StrEnum):
    """Which way a measure improves. NEITHER: it describes the space and is neither good nor bad."""

    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


class Place(StrEnum):
    """Where a measure is shown.

    METRIC: a scalar per split handed to lm-eval. CURVE: also one lm-eval metric for each layer. TABLE: the terminal table
    of a unit. SUMMARY: the one line per unit of a run. COMPARED: tested base against adapted, and between runs. BOARD: a
    column of the leaderboard. DEV: watched on the dev words while training.
    """

    METRIC = "metric"
    CURVE = "curve"
    TABLE = "table"
    SUMMARY = "summary"
    COMPARED = "compared"
    BOARD = "board"
    DEV = "dev"


def mean_of(column: Column) -> float:
    """Mean over the concepts that have a value; raises UnscorableError where none has one."""
    scored = column[~np.isnan(column)]
    if not len(scored):
        raise UnscorableError(f"none of {len(column)} concepts has a value")
    return float(scored.mean())


def standard_error(column: Column) -> float:
    """Standard deviation (n - 1) over the root of n; raises UnscorableError for fewer than two concepts."""
    if len(column) < 2:
        raise UnscorableError("a standard error needs at least 2 pairs")
    return float(column.std(ddof=1) / len(column) ** 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A named number of one layer of one split of one language pair.

    Either `per_concept` or `whole` is given, never both: a number with a value for each concept can be tested, compared
    and given an interval; one without such values can only be shown.
    """

    name: str
    """Its key in records, metrics and commands."""
    label: str
    """What people read in tables."""
    definition: str
    """One sentence, with its full stop."""
    direction: Direction
    """Which way it improves."""
    low: float = -math.inf
    """The lowest value that it can take."""
    high: float = math.inf
    """The highest value that it can take."""
    needs: frozenset[str] = VECTORS
    """What the view must hold: `vectors`, `centre`, `fit`, `positions`, `last`, `tokens`, `neurons`, or whatever a backend provides."""
    per_concept: Callable[["LayerView"], Any] | None = None
    """From the view to its column `[n]`: one value for each concept, NaN where a concept has none."""
    aggregate: Callable[[Column], float] = mean_of
    """From the column to the number."""
    pseudo: Callable[["LayerView"], Any] | None = None
    """From the view to delete-one-concept pseudo-values `[n]`, with the same mean as the column: what intervals and tests are
    computed from. None where a word's value does not depend on the other words, so that the column itself serves."""
    logit: bool = False
    """Whether its interval is computed on the logit scale, as for a share near 1."""
    whole: Callable[["LayerView"], float] | None = None
    """From the view to the number, for a measure that has no value per concept."""
    column_of: str = ""
    """Name of the measure whose column it aggregates; empty for its own."""
    places: frozenset[Place] = frozenset({Place.METRIC, Place.TABLE, Place.COMPARED, Place.BOARD})
    """Where it is shown."""
    kept: bool = True
    """Whether records keep its column, at the layers shown."""
    optional: bool = False
    """Whether it is computed only when it is asked for by name, or all are."""
    share: bool = False
    """Whether each concept is a hit or not, so that the number is a proportion."""
    curve_name: str = ""
    """What its metrics by layer are called; its name where empty."""
    digits: int = 3
    """Digits after the decimal point, in tables."""
    short: str = ""
    """Its heading in a table on a narrow terminal; its label where empty."""
    axis: str = ""
    """What the axis of a plot calls it; its label where empty."""
    missing: str = "have no value"
    """What is said about concepts without a value, as in `3 of 20 pairs have no value`; empty where that is as it should be."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InputError(f"measure name {self.name!r} must be lower-case letters, digits and `_`, as in `gap_last`")
        texts = (self.label, self.definition)
        if not all(texts) or any(mark in text for text in texts for mark in "|\n"):
            raise InputError(f"measure {self.name!r} needs a label and a definition, each on one line without `|`")
        if (self.per_concept is None) == (self.whole is None):
            raise InputError(f"measure {self.name!r} must give either `per_concept` or `whole`")
        if not self.has_column and Place.COMPARED in self.places:
            raise InputError(
                f"measure {self.name!r} keeps no value per concept, so it cannot be compared in pairs; "
                "leave Place.COMPARED out of its places"
            )

    @property
    def higher_is_better(self) -> bool | None:
        """Direction as lm-eval states it; None for a description."""
        return {Direction.UP: True, Direction.DOWN: False, Direction.NEITHER: None}[self.direction]

    @property
    def has_column(self) -> bool:
        """Whether records keep a column of its own values per concept."""
        return self.kept and self.per_concept is not None and not self.column_of

    @property
    def source(self) -> str:
        """Name of the measure whose kept column gives this number."""
        return self.column_of or self.name

    def column(self, view: "LayerView") -> Column:
        """One value for each concept `[n]`, float64.

        Raises UnscorableError where the measure has none, InputError where it gives the wrong number of values.
        """
        if self.per_concept is None:
            raise UnscorableError(f"{self.name} has no value per concept")
        self._require(view)
        per_concept = self.per_concept
        return view.once((self, "values"), lambda: self._one_each(per_concept(view), view, "values"))

    def pseudo_values(self, view: "LayerView") -> Column:
        """What to compute with, one value for each concept `[n]`; raises as `column` does."""
        if self.pseudo is None:
            return self.column(view)
        self._require(view)
        pseudo = self.pseudo
        return view.once((self, "pseudo-values"), lambda: self._one_each(pseudo(view), view, "pseudo-values"))

    def value(self, view: "LayerView") -> float:
        """The number of one view; raises UnscorableError where it cannot be given."""
        self._require(view)
        if self.whole is not None:
            return float(self.whole(view))
        return self.aggregate(self.column(view))

    def within_range(self, value: float, *, slack: float = 1e-5) -> bool:
        """Whether the measure can take `value`."""
        return self.low - slack <= value <= self.high + slack

    def shown(self, value: float | None, *, signed: bool = False) -> str:
        """`value` as tables print it, without a sign where it rounds to zero unless signs are asked for; a dash where there is none."""
        return "–" if value is None else f"{value:{'+' if signed else ''}z.{self.digits}f}"

    def _one_each(self, given: Any, view: "LayerView", what: str) -> Column:
        found = as_column(given)
        if found.shape != (view.n,):
            raise InputError(
                f"measure {self.name!r} gives {what} of shape {found.shape} for {view.n} concepts; give one value for each"
            )
        return found

    def _require(self, view: "LayerView") -> None:
        lacking = sorted(self.needs - view.provides)
        if lacking:
            raise UnscorableError(f"needs {NEEDS.get(lacking[0], lacking[0])}, and none was given")


NEEDS = {
    "centre": "a centre fitted on held-out words",
    "fit": "the vectors of held-out words",
    "last": "the states of last tokens",
    "neurons": "the states of feed-forward neurons, which this architecture does not tell",
    "positions": "the norms of all positions",
}
"""What each need is called in a reason; any other goes by its own name."""


def as_column(values: ArrayLike) -> Column:
    """A tensor or array `[n]` as float64 in numpy."""
    plain: Any = values
    if hasattr(plain, "detach"):
        plain = plain.detach().cpu().double().numpy()
    return np.asarray(plain, dtype=np.float64)
