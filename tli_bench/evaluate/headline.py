"""The scalars that lm-eval's tables show of one unit; the whole curves are in our own record."""

import math
from typing import Protocol

from tli_bench.lexicon.pairs import Split
from tli_bench.records.schema import Curve, PairValues

NAMES = {Split.TRAIN: "trained", Split.CONTROL: "control"}
DIRECTIONS = {"cosine": True, "mismatched": False, "gap": True, "p1": True, "p5": True, "mrr": True}
CURVES = {"cosine": "cos", "gap": "gap", "p1": "p1"}


class Scored(Protocol):
    """What a headline is read from: an `Analysis` or a `RunRecord`."""

    @property
    def best_layer(self) -> dict[str, str]:
        """Layer chosen on dev, by state."""
        ...

    @property
    def curves(self) -> dict[Split, dict[str, dict[str, Curve]]]:
        """Values by split, state and measure, one a layer."""
        ...

    @property
    def values(self) -> list[PairValues]:
        """Per-pair values at the chosen layers."""
        ...


def headline_directions(splits: tuple[Split, ...], layers: tuple[str, ...], *, adapted: bool) -> dict[str, bool]:
    """Names of the headline scalars of a task that shows `splits`, with whether higher is better.

    `control_gap` is at the scored state's best layer, `control_gap_output` at the output; `..._base` and `..._change`
    are at the same layer as the headline; `control_gap_L02` is the curve.
    """
    names: dict[str, bool] = {"best_layer": True}
    for split in splits:
        if split not in NAMES:
            continue
        prefix = NAMES[split]
        for measure, direction in DIRECTIONS.items():
            names[f"{prefix}_{measure}"] = direction
            if measure in ("cosine", "gap", "p1"):
                names[f"{prefix}_{measure}_stderr"] = False
            for suffix in ("_output", *(("_base", "_change") if adapted else ())):
                names[f"{prefix}_{measure}{suffix}"] = direction
        for measure, short in CURVES.items():
            names |= {f"{prefix}_{short}_L{_padded(layer)}": DIRECTIONS[measure] for layer in layers}
    return names


def headline(scored: Scored, splits: tuple[Split, ...], layers: tuple[str, ...]) -> dict[str, float]:
    """Values of `headline_directions`; NaN marks what could not be scored, and the record says why."""
    state = "adapted" if "adapted" in scored.best_layer else "base"
    best = layers.index(scored.best_layer[state])
    found: dict[str, float] = {"best_layer": float(best)}
    for split in splits:
        if split not in NAMES:
            continue
        prefix, curves = NAMES[split], scored.curves.get(split, {})
        for measure in DIRECTIONS:
            curve = curves.get(state, {}).get(measure)
            value = _at(curve, best)
            found[f"{prefix}_{measure}"] = value
            found[f"{prefix}_{measure}_output"] = _at(curve, -1)
            if measure in ("cosine", "gap", "p1"):
                found[f"{prefix}_{measure}_stderr"] = _stderr(scored, split, state, layers[best], measure)
            if state == "adapted":
                before = _at(curves.get("base", {}).get(measure), best)
                found[f"{prefix}_{measure}_base"] = before
                found[f"{prefix}_{measure}_change"] = value - before
        for measure, short in CURVES.items():
            curve = curves.get(state, {}).get(measure)
            found |= {f"{prefix}_{short}_L{_padded(layer)}": _at(curve, i) for i, layer in enumerate(layers)}
    return found


def _padded(layer: str) -> str:
    """Layer name with two digits, so that tables sorted by name keep the order of depth."""
    digits = layer.rstrip("p")
    return digits.zfill(2) + layer[len(digits) :]


def _at(curve: Curve | None, layer: int) -> float:
    value = curve[layer] if curve else None
    return math.nan if value is None else value


def _stderr(scored: Scored, split: Split, state: str, layer: str, measure: str) -> float:
    """Standard error of the mean over pairs, closed form."""
    rows = [v for v in scored.values if (v.split, v.state, v.layer) == (split, state, layer)]
    per_pair = [x for x in (_per_pair(v, measure) for v in rows) if x is not None]
    n = len(per_pair)
    if n < 2:
        return math.nan
    mean = sum(per_pair) / n
    return math.sqrt(sum((x - mean) ** 2 for x in per_pair) / (n - 1) / n)


def _per_pair(value: PairValues, measure: str) -> float | None:
    match measure:
        case "cosine":
            return value.cosine
        case "gap":
            return None if value.mismatched is None else value.cosine - value.mismatched
        case _:
            if value.rank_forward is None or value.rank_backward is None:
                return None
            return ((value.rank_forward == 1) + (value.rank_backward == 1)) / 2
