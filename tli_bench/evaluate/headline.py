"""The scalars that lm-eval's tables show for one unit; the whole curves are in our own record."""

import math
from collections.abc import Mapping, Sequence

from tli_bench.lexicon.pairs import Split
from tli_bench.measures.measure import Measure, Place
from tli_bench.measures.registry import list_measures
from tli_bench.records.scores import BEST, OUTPUT, Scores
from tli_bench.vectors.protocols import Protocol

NAMES = {Split.TRAIN: "trained", Split.CONTROL: "control"}


def headline_directions(splits: tuple[Split, ...], layers: tuple[str, ...], *, adapted: bool) -> dict[str, bool | None]:
    """Names of the headline scalars of a task that shows `splits`, with whether higher is better, None for neither.

    `control_p1` is at the scored state's best layer, `control_p1_output` at the output; `..._base` and `..._change`
    are at the same layer as the headline; `control_p1_L02` is the curve.
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


def headline(scores: Scores, splits: tuple[Split, ...], layers: tuple[str, ...]) -> dict[str, float]:
    """Values of `headline_directions`; NaN marks what could not be scored, and the record says why."""
    state = scores.state
    found: dict[str, float] = {"best_layer": float(scores.depth(BEST, state))}
    for split in (split for split in splits if split in NAMES):
        for measure in list_measures(Place.METRIC):
            name, stem = measure.name, f"{NAMES[split]}_{measure.name}"
            value = found[stem] = _number(scores.value(name, split, state, BEST))
            if measure.has_column:
                found[f"{stem}_stderr"] = _number(scores.standard_error(name, split, state, BEST))
            found[f"{stem}_output"] = _number(scores.value(name, split, state, OUTPUT))
            if state == "adapted":
                before = _number(scores.value(name, split, "base", scores.layer(BEST, state)))
                found |= {f"{stem}_base": before, f"{stem}_change": value - before}
        for measure in list_measures(Place.CURVE):
            for layer in layers:
                value = _number(scores.value(measure.name, split, state, layer))
                found[_curve_name(NAMES[split], measure, layer)] = value
    return found


def protocol_directions(
    protocols: Sequence[Protocol], splits: tuple[Split, ...], layers: tuple[str, ...], *, adapted: bool
) -> dict[str, bool | None]:
    """`headline_directions` of every protocol: the first has the plain names, the others put theirs after `NAME/`."""
    plain = headline_directions(splits, layers, adapted=adapted)
    return {prefix + name: better for prefix in _prefixes(protocols) for name, better in plain.items()}


def protocol_headlines(
    protocols: Sequence[Protocol], scored: Mapping[str, Scores], splits: tuple[Split, ...], layers: tuple[str, ...]
) -> dict[str, float]:
    """Values of `protocol_directions`. scored: by protocol id."""
    return {
        prefix + name: value
        for prefix, protocol in zip(_prefixes(protocols), protocols, strict=True)
        for name, value in headline(scored[protocol.id], splits, layers).items()
    }


def _prefixes(protocols: Sequence[Protocol]) -> list[str]:
    return ["", *(f"{protocol.name}/" for protocol in protocols[1:])]


def _curve_name(prefix: str, measure: Measure, layer: str) -> str:
    """Layers have two digits, so that tables sorted by name keep the order of depth."""
    digits = layer.rstrip("p")
    return f"{prefix}_{measure.curve_name or measure.name}_L{digits.zfill(2)}{layer[len(digits) :]}"


def _number(value: float | None) -> float:
    return math.nan if value is None else value
