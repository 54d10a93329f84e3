"""The scalars that lm-eval's tables show of one unit; the whole curves are in our own record."""

import math
from typing import Protocol

import numpy as np

from tli_bench.base.errors import UnscorableError
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.measure import Measure, Place, standard_error
from tli_bench.measures.registry import list_measures
from tli_bench.records.arithmetic import quantity
from tli_bench.records.schema import Curve, PairValues

NAMES = {Split.TRAIN: "trained", Split.CONTROL: "control"}


class Scored(Protocol):
    """What a headline is read from: an `Analysis` or a `RunRecord`."""

    @property
    def best_layer(self) -> dict[str, str]:
        """Layer chosen on dev, by state."""
        ...

    @property
    def curves(self) -> dict[Split, dict[str, dict[str, Curve]]]:
        """Values by split, state and measure, one for each layer."""
        ...

    @property
    def values(self) -> list[PairValues]:
        """Per-pair values at the chosen layers."""
        ...


def headline_directions(splits: tuple[Split, ...], layers: tuple[str, ...], *, adapted: bool) -> dict[str, bool | None]:
    """Names of the headline scalars of a task that shows `splits`, with whether higher is better, None for neither.

    `control_gap` is at the scored state's best layer, `control_gap_output` at the output; `..._base` and `..._change`
    are at the same layer as the headline; `control_gap_L02` is the curve.
    """
    names: dict[str, bool | None] = {"best_layer": None}
    for prefix in (NAMES[split] for split in splits if split in NAMES):
        for measure in list_measures(Place.METRIC):
            stem, better = f"{prefix}_{measure.name}", measure.higher_is_better
            names[stem] = better
            if measure.has_column:
                names[f"{stem}_stderr"] = None
            names |= {f"{stem}{suffix}": better for suffix in ("_output", *(("_base", "_change") if adapted else ()))}
        for measure in list_measures(Place.CURVE):
            names |= {_curve_name(prefix, measure, layer): measure.higher_is_better for layer in layers}
    return names


def headline(scored: Scored, splits: tuple[Split, ...], layers: tuple[str, ...]) -> dict[str, float]:
    """Values of `headline_directions`; NaN marks what could not be scored, and the record says why."""
    state = "adapted" if "adapted" in scored.best_layer else "base"
    best = layers.index(scored.best_layer[state])
    found: dict[str, float] = {"best_layer": float(best)}
    for split in (split for split in splits if split in NAMES):
        curves = scored.curves.get(split, {})
        own, base = curves.get(state, {}), curves.get("base", {})
        for measure in list_measures(Place.METRIC):
            stem, value = f"{NAMES[split]}_{measure.name}", _at(own.get(measure.name), best)
            found[stem] = value
            if measure.has_column:
                found[f"{stem}_stderr"] = _stderr(scored, split, state, layers[best], measure)
            found[f"{stem}_output"] = _at(own.get(measure.name), -1)
            if state == "adapted":
                before = _at(base.get(measure.name), best)
                found |= {f"{stem}_base": before, f"{stem}_change": value - before}
        for measure in list_measures(Place.CURVE):
            curve = own.get(measure.name)
            found |= {_curve_name(NAMES[split], measure, name): _at(curve, i) for i, name in enumerate(layers)}
    return found


def _curve_name(prefix: str, measure: Measure, layer: str) -> str:
    """Layers have two digits, so that tables sorted by name keep the order of depth."""
    digits = layer.rstrip("p")
    return f"{prefix}_{measure.curve_name or measure.name}_L{digits.zfill(2)}{layer[len(digits) :]}"


def _at(curve: Curve | None, layer: int) -> float:
    value = curve[layer] if curve else None
    return math.nan if value is None else value


def _stderr(scored: Scored, split: Split, state: str, layer: str, measure: Measure) -> float:
    """Standard error of the mean over the concepts that have a value, closed form."""
    rows = [v for v in scored.values if (v.split, v.state, v.layer) == (split, state, layer)]
    try:
        column = np.array([x for x in (quantity(v, measure.name) for v in rows) if x is not None])
        return standard_error(column)
    except UnscorableError:
        return math.nan
