"""The measures by name: those of the benchmark, of installed packages, and of whoever registers one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from tli_bench.base.errors import InputError, UnknownNameError, UnscorableError
from tli_bench.measures.library import built_in
from tli_bench.measures.measure import Column, Measure, Place, standard_error
from tli_bench.measures.roles import DESCRIPTIONS

if TYPE_CHECKING:
    from tli_bench.measures.view import LayerView as View

ENTRY_POINTS = "tli_bench.measures"
"""Group of entry points: each names a `Measure`, or a function without arguments that returns several."""
DEFAULT, ALL = "default", "all"
"""What may be asked for besides measures by name."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Values by measure, None where a measure cannot be given; reasons: why, for each None and for concepts left out."""

    values: dict[str, float | None]
    reasons: dict[str, str]


class MeasureRegistry:
    """Measures by name, in the order in which tables show them."""

    def __init__(self, measures: Iterable[Measure] = ()) -> None:
        self._measures: dict[str, Measure] = {}
        self._shown: dict[Place | None, list[Measure]] = {}
        self._sharing: dict[str, tuple[Measure, ...]] = {}
        self._complete = False
        for measure in measures:
            self.add(measure)

    def add(self, measure: Measure) -> Measure:
        """Make a measure known everywhere; raises InputError when another measure has its name."""
        if self._measures.get(measure.name, measure) != measure:
            raise InputError(f"a measure called {measure.name!r} exists already; choose another name")
        self._measures[measure.name] = measure
        self._shown.clear()
        self._sharing.clear()
        return measure

    def remove(self, name: str) -> None:
        """Forget a measure that was added."""
        self._measures.pop(name, None)
        self._shown.clear()
        self._sharing.clear()

    def get(self, name: str) -> Measure:
        """The measure called `name`; raises UnknownNameError with suggestions."""
        self._load_packages()
        try:
            return self._measures[name]
        except KeyError:
            raise UnknownNameError("measure", name, self._measures, hint="docs/measures.md describes them") from None

    def all(self, place: Place | None = None) -> list[Measure]:
        """Every measure, or those shown at `place`, in order."""
        self._load_packages()
        if place not in self._shown:
            self._shown[place] = [m for m in self._measures.values() if place is None or place in m.places]
        return list(self._shown[place])

    def sharing(self, column: str) -> tuple[Measure, ...]:
        """Measures whose number follows from the column of the measure called `column`, besides that one."""
        self._load_packages()
        if column not in self._sharing:
            self._sharing[column] = tuple(m for m in self._measures.values() if m.column_of == column)
        return self._sharing[column]

    def _load_packages(self) -> None:
        if self._complete:
            return
        self._complete = True  # now, since a package may itself ask for measures while it is loaded
        try:
            for entry in entry_points(group=ENTRY_POINTS):
                for measure in _measures_of(entry):
                    self.add(measure)
        except InputError:
            self._complete = False
            raise


def _measures_of(entry: EntryPoint) -> list[Measure]:
    package = entry.dist.name if entry.dist else "an installed package"
    try:
        found = entry.load()
        measures = [found] if isinstance(found, Measure) else list(found())
    except Exception as err:  # whatever foreign code raises
        raise InputError(
            f"measure {entry.name!r} of {package} cannot be loaded: {err or type(err).__name__}; fix or uninstall it"
        ) from err
    strange = next((item for item in measures if not isinstance(item, Measure)), None)
    if strange is not None:
        raise InputError(f"entry point {entry.name!r} of {package} gives a {type(strange).__name__}, not a Measure")
    return measures


MEASURES = MeasureRegistry(built_in())
"""What every table, test, validation, plot and board is made from."""


def register_measure(measure: Measure) -> Measure:
    """Add a measure; it then appears in tables, comparisons, plots, boards and metrics. InputError when the name is taken."""
    return MEASURES.add(measure)


def get_measure(name: str) -> Measure:
    """The measure called `name`; raises UnknownNameError with suggestions."""
    return MEASURES.get(name)


def known_measure(name: str) -> Measure | None:
    """The measure called `name`; None for one from a package that is not installed here, as other people's records may hold."""
    try:
        return get_measure(name)
    except UnknownNameError:
        return None


def list_measures(place: Place | None = None) -> list[Measure]:
    """All measures, or those shown at `place`, in the order in which tables show them."""
    return MEASURES.all(place)


def measures_of_column(name: str) -> tuple[Measure, ...]:
    """Measures whose number is computed from the column of the measure called `name`, which is not among them."""
    return MEASURES.sharing(name)


def asked_for(names: Iterable[str]) -> list[Measure]:
    """The optional measures that `names` ask for: `default` is none of them, `all` is all, any other is a measure.

    A measure that is always computed may be named, too. Raises UnknownNameError with suggestions.
    """
    asked: dict[str, Measure] = {}
    for name in names:
        if name == ALL:
            asked |= {measure.name: measure for measure in list_measures()}
        elif name != DEFAULT:
            asked[name] = get_measure(name)
    return [measure for measure in asked.values() if measure.optional]


def comparable_measures() -> list[Measure]:
    """The measures by which two runs can be compared word by word: those whose column records keep."""
    return [measure for measure in list_measures() if measure.has_column]


def require_comparable(name: str) -> Measure:
    """The measure called `name`, whose column records keep; raises UnknownNameError, or InputError if they keep none."""
    measure = get_measure(name)
    if not measure.has_column:
        known = ", ".join(m.name for m in comparable_measures())
        raise InputError(f"records keep no value per word of {name!r}; choose one of {known}")
    return measure


def require_tested(name: str) -> Measure:
    """The measure called `name`, by which two runs can be tested against each other; raises UnknownNameError or InputError."""
    measure = require_comparable(name)
    if name in DESCRIPTIONS:
        known = ", ".join(m.name for m in list_measures(Place.COMPARED))
        raise InputError(
            f"{name} describes raw geometry, which a constant vector changes: it is not tested; choose one of {known}"
        )
    return measure


def standard_error_of(measure: Measure) -> Measure | None:
    """The measure whose number is the standard error of `measure` at every layer; None where there is none."""
    return next((m for m in MEASURES.sharing(measure.name) if m.aggregate is standard_error), None)


def compute(view: View, names: Iterable[str] | None = None, *, asked: Iterable[Measure] = ()) -> Measured:
    """Compute the measures called `names` (default: all that are not optional and the view can serve), and those `asked` for.

    One that cannot be scored is None, with its reason; concepts without a value are left out and counted in a reason.
    Without `names`, a measure whose needs go beyond the vectors and their centre is left out where the view lacks them.
    """
    if names is None:
        served = view.provides | {"vectors", "centre"}
        chosen = [*(m for m in list_measures() if not m.optional and m.needs <= served), *asked]
    else:
        chosen = [get_measure(name) for name in names]
    values: dict[str, float | None] = {}
    reasons: dict[str, str] = {}
    for measure in chosen:
        try:
            if measure.whole is not None:
                values[measure.name] = measure.value(view)
                continue
            column = measure.column(view)
            left_out = missing(measure, column)
            if left_out:
                reasons[measure.name] = left_out
            values[measure.name] = measure.aggregate(column)
        except UnscorableError as err:
            values[measure.name] = None
            reasons.setdefault(measure.name, str(err))
    return Measured(values, reasons)


def missing(measure: Measure, column: Column) -> str:
    """A sentence that says how many concepts of a column have no value; empty where all have one, or need none."""
    count = int((column != column).sum())
    return f"{count} of {len(column)} pairs {measure.missing}" if count and measure.missing else ""
