"""Every aggregate that a record's columns determine, computed again and compared with what the record states."""

import math
from collections.abc import Container, Iterator, Mapping
from typing import NamedTuple, cast

import numpy as np

from tli_bench.base.errors import UnscorableError
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.choice import BEST_LAYER_RULE, chosen_depth
from tli_bench.measures.measure import Measure, Place, mean_of, standard_error
from tli_bench.measures.registry import known_measure, list_measures, measures_of_column
from tli_bench.models.identity import BEFORE_AFTER
from tli_bench.records.columns import Curve, Kept, Sums, Words, read
from tli_bench.records.comparison import Comparison, comparison
from tli_bench.records.details_check import check_details
from tli_bench.records.run_record import RunRecord
from tli_bench.records.scores import layers_of

# Curves are averages of float32 cosines, while columns are written with all their digits.
TOLERANCE = 2e-5
_SLACK = 1e-5
_LAST_PLACE = 1e-7
"""Of pseudo-values as they are written; a comparison was made of what they were before."""


def recompute(record: RunRecord) -> Iterator[str]:
    """One line for each figure that does not follow from the record's own columns."""
    yield from _coverage(record)
    depths = {layer: depth for depth, layer in enumerate(record.layers)}
    for split, state, layer, columns in layers_of(record.columns):
        curves, depth = record.curves.get(split, {}).get(state, {}), depths[layer]
        for name, held in columns.items():
            if (measure := known_measure(name)) is not None:
                for problem in _of_column(measure, held, curves, depth, record.words[split]):
                    yield f"{split.value}/{state}/layer {layer}: {problem}"
    yield from _curve_ranges(record)
    yield from _control_ranges(record)
    yield from _pseudo(record)
    yield from _best_layers(record)
    for item in record.comparisons:
        yield from _comparison(record, item)
    yield from check_details(record)


def _of_column(measure: Measure, held: Kept, curves: Mapping[str, Curve], depth: int, words: Words) -> Iterator[str]:
    """Values that are impossible; without any, each number that does not follow from them."""
    column = _Column.of(held)
    if column is not None and not _possible(measure, column):
        yield from _impossible(measure, column, words)
        return
    for one in (measure, *measures_of_column(measure.name)):
        stated = _stated(curves, one.name, depth)
        if stated is not None and (problem := _aggregate(one, stated, held, column)):
            yield problem


def _stated(curves: Mapping[str, Curve], name: str, depth: int) -> float | None:
    curve = curves.get(name)
    return None if curve is None else curve[depth]


class _Column(NamedTuple):
    """A column whose every value was kept: its values in order, those that are there, and what is asked of them most."""

    values: list[float | None]
    scored: list[float]
    low: float
    high: float
    mean: float

    @property
    def standard_error(self) -> float | None:
        """Of the mean; None for fewer than two values."""
        n, mean = len(self.scored), self.mean
        return (sum([(value - mean) ** 2 for value in self.scored]) / (n - 1) / n) ** 0.5 if n > 1 else None

    @classmethod
    def of(cls, held: Kept) -> "_Column | None":
        """None where only sums were kept. Boards read hundreds of thousands of short columns: lists are quicker than arrays."""
        if isinstance(held, Sums):
            return None
        scored = _scored(held)
        if not scored:
            return cls(held, scored, math.nan, math.nan, math.nan)
        return cls(held, scored, min(scored), max(scored), sum(scored) / len(scored))


def _scored(values: list[float | None]) -> list[float]:
    """Those that are there; nearly always all of them, which is seen quicker than they are copied."""
    return [value for value in values if value is not None] if None in values else cast("list[float]", values)


def _aggregate(measure: Measure, stated: float, held: Kept, column: _Column | None) -> str:
    """How a number differs from what its column gives; empty where it does not, or the sums that were kept do not determine it."""
    if column is not None:
        count, found = len(column.values), _from_column(measure, column)
    elif isinstance(held, Sums) and measure.aggregate in (mean_of, standard_error):
        count, found = held.n, _from_sums(measure, held)
    else:
        return ""
    if found is not None and math.isclose(stated, found, abs_tol=TOLERANCE):
        return ""
    shown = "nothing" if found is None else f"{found:.6f}"
    return f"{measure.name} is given as {stated:.6f}, but its {count} pairs give {shown}"


def _from_column(measure: Measure, column: _Column) -> float | None:
    if measure.aggregate is mean_of:
        return column.mean if column.scored else None
    if measure.aggregate is standard_error:
        return column.standard_error
    try:
        return measure.aggregate(np.array(column.values, dtype=np.float64))
    except UnscorableError:
        return None


def _from_sums(measure: Measure, held: Sums) -> float | None:
    return held.mean if measure.aggregate is mean_of else held.standard_error


def _coverage(record: RunRecord) -> Iterator[str]:
    compared = _compared(record)
    for split, words in record.words.items():
        expected = record.signature.n.get(split.value, 0)
        if len(words) != expected:
            yield f"{split.value}: {len(words)} words, but n says {expected}"
        if len(set(words.concepts)) != len(words):
            yield f"{split.value}: a concept occurs twice"
    for split, states in record.curves.items():
        for state in states:
            chosen = (record.best_layer[own] for own in BEFORE_AFTER if own in record.best_layer)
            for layer in dict.fromkeys([*chosen, record.layers[-1]]):
                kept, pseudo = (
                    part.get(split, {}).get(state, {}).get(layer, {}) for part in (record.columns, record.pseudo)
                )
                depth = record.layers.index(layer)
                for measure in compared:
                    stated = _stated(states[state], measure.name, depth)
                    for missing in _missing(measure, kept, pseudo, record) if stated is not None else ():
                        given = f"{measure.name}, which is given as {stated:.6f}"
                        yield f"{split.value}/{state}/layer {layer}: no {missing} of {given}"


def _compared(record: RunRecord) -> list[Measure]:
    """Measures whose words' values must be there: all that are compared, or those that were when the record was made."""
    found = [measure for measure in list_measures(Place.COMPARED) if measure.has_column]
    if record.pseudo:
        return found
    known_then = {name for *_, name, _ in record.every_column()}
    return [measure for measure in found if measure.name in known_then]


def _missing(measure: Measure, kept: Container[str], pseudo: Container[str], record: RunRecord) -> Iterator[str]:
    if measure.name not in kept:
        yield "column"
    if record.pseudo and measure.pseudo and measure.name not in pseudo:
        yield "pseudo-values"


def _possible(measure: Measure, column: _Column) -> bool:
    return not column.scored or (measure.within_range(column.low) and measure.within_range(column.high))


def _impossible(measure: Measure, column: _Column, words: Words) -> Iterator[str]:
    for row, value in enumerate(column.values):
        if value is not None and not measure.within_range(value):
            concept = words.concepts[row][:60]
            yield f"{concept!r} has {measure.name} {value:.6g}, {_outside(measure)}"


def _outside(measure: Measure) -> str:
    return f"outside [{measure.low:g}, {measure.high:g}]"


def _curve_ranges(record: RunRecord) -> Iterator[str]:
    """Layers of which no words were kept hold possible values too."""
    for split, states in record.curves.items():
        for state, curves in states.items():
            for name, curve in curves.items():
                measure, scored = known_measure(name), _scored(curve)
                if measure is None or not scored:
                    continue
                worst = next((value for value in (min(scored), max(scored)) if not measure.within_range(value)), None)
                if worst is not None:
                    layer = record.layers[curve.index(worst)]
                    yield f"{split.value}/{state}/layer {layer}: {name} is given as {worst:.6g}, {_outside(measure)}"


def _control_ranges(record: RunRecord) -> Iterator[str]:
    """Shares that boards show next to a score, and changes of shares."""
    if record.controls is None:
        return
    for split, spelling in record.controls.spelling.items():
        shares = {"value": spelling.value, "p1": spelling.p1, "mrr": spelling.mrr}
        for name, share in shares.items():
            if share is not None and not -_SLACK <= share <= 1 + _SLACK:
                yield f"{split.value}: {name} of spelling alone is given as {share:.6g}, outside [0, 1]"
    for item in record.controls.placebo.layers if record.controls.placebo else ():
        worst = max((item.change, *item.changes), key=abs)
        if abs(worst) > 1 + _SLACK:
            yield f"layer {item.layer}: a placebo's change is given as {worst:.6g}, outside [-1, 1]"


def _best_layers(record: RunRecord) -> Iterator[str]:
    if record.best_layer_rule != BEST_LAYER_RULE:
        return  # chosen by an earlier rule, which is not ours to check
    for state, stated in record.best_layer.items():
        depth = chosen_depth(record.curves.get(Split.DEV, {}).get(state, {}).get)
        expected = record.layers[-1 if depth is None else depth]
        if stated != expected:
            yield f"best layer of {state} is given as {stated}, but the dev split gives {expected}"


def _comparison(record: RunRecord, item: Comparison) -> Iterator[str]:
    where = f"comparison {item.split.value}/layer {item.layer}/{item.quantity[:40]}"
    held = [record.held_pseudo(item.quantity, item.split, state, item.layer) for state in ("base", "adapted")]
    if any(isinstance(column, Sums) for column in held):
        yield from _means_of_sums(item, held, where)
        return
    before, after = (None if column is None else read(column) for column in held)
    if before is None or after is None:
        yield f"{where}: no pseudo-values of base and adapted to compute it from"
        return
    try:
        found = comparison(item.split, item.layer, item.quantity, before, after)
    except UnscorableError as err:
        yield f"{where}: {err}"
        return
    slack = _slack(found)
    for name in ("n", "before", "after", "difference", "t", "d_z", "p"):
        given, computed = getattr(item, name), getattr(found, name)
        if given is not None and (
            computed is None or not math.isclose(given, computed, rel_tol=1e-2, abs_tol=slack.get(name, TOLERANCE))
        ):
            shown = "nothing" if computed is None else f"{computed:.6g}"
            yield f"{where}: {name} is given as {given:.6g}, but the columns give {shown}"
    if item.ci and (found.ci is None or max(abs(x - y) for x, y in zip(item.ci, found.ci, strict=True)) > TOLERANCE):
        shown = "none" if found.ci is None else _span(found.ci)
        yield f"{where}: ci is given as {_span(item.ci)}, but the columns give {shown}"


def _slack(found: Comparison) -> dict[str, float]:
    """How far from the true ones t and d_z may be by the last place of pseudo-values alone: where they are near 0, more than TOLERANCE."""
    if not found.ci or found.ci[0] == found.ci[1]:
        return {}
    error = (found.ci[1] - found.ci[0]) / 4  # half of the interval is two standard errors
    return {"t": max(TOLERANCE, _LAST_PLACE / error), "d_z": max(TOLERANCE, _LAST_PLACE / error / found.n**0.5)}


def _means_of_sums(item: Comparison, held: list[Kept | None], where: str) -> Iterator[str]:
    """Sums determine the means of both sides, not the test of their difference."""
    means = [column.mean if isinstance(column, Sums) else None for column in held]
    for name, given, computed in zip(("before", "after"), (item.before, item.after), means, strict=True):
        if computed is not None and not math.isclose(given, computed, rel_tol=1e-2, abs_tol=TOLERANCE):
            yield f"{where}: {name} is given as {given:.6g}, but the sums give {computed:.6g}"
    if not math.isclose(item.difference, item.after - item.before, abs_tol=TOLERANCE):
        yield f"{where}: difference is given as {item.difference:.6g}, but after minus before is {item.after - item.before:.6g}"


def _pseudo(record: RunRecord) -> Iterator[str]:
    """Pseudo-values have the mean of what they stand for."""
    depths = {layer: depth for depth, layer in enumerate(record.layers)}
    for split, state, layer, columns in layers_of(record.pseudo):
        curves, depth = record.curves.get(split, {}).get(state, {}), depths[layer]
        for name, held in columns.items():
            stated, measure, column = _stated(curves, name, depth), known_measure(name), _Column.of(held)
            if stated is None or column is None or measure is None:
                continue
            where, largest = f"{split.value}/{state}/layer {layer}", max(column.high, -column.low)
            if largest > _most(measure, len(column.values)):
                yield f"{where}: {name} has a pseudo-value of {largest:.6g}, more than one word can change it"
            elif not math.isclose(stated, column.mean, abs_tol=TOLERANCE):
                yield f"{where}: {name} is given as {stated:.6f}, but its pseudo-values have the mean {column.mean:.6f}"


def _most(measure: Measure, n: int) -> float:
    """Bound of the size of a pseudo-value: n times the number less n - 1 times another one, both within the measure's range."""
    return (2 * n + 1) * max(abs(measure.low), abs(measure.high), 1.0)


def _span(ci: tuple[float, float]) -> str:
    return f"[{ci[0]:.4f}, {ci[1]:.4f}]"
