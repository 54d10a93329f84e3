"""The scalars that lm-eval's tables show of one unit; the whole curves are in our own record."""

import math

from tli_bench.lexicon.pairs import Split
from tli_bench.records.scores import BEST, OUTPUT, Scores

NAMES = {Split.TRAIN: "trained", Split.CONTROL: "control"}
DIRECTIONS = {"cosine": True, "mismatched": False, "gap": True, "p1": True, "p5": True, "mrr": True}
CURVES = {"cosine": "cos", "gap": "gap", "p1": "p1"}


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


def headline(scores: Scores, splits: tuple[Split, ...], layers: tuple[str, ...]) -> dict[str, float]:
    """Values of `headline_directions`; NaN marks what could not be scored, and the record says why."""
    state = scores.state
    found: dict[str, float] = {"best_layer": float(scores.depth(BEST, state))}
    for split in splits:
        if split not in NAMES:
            continue
        prefix = NAMES[split]
        for measure in DIRECTIONS:
            value = _number(scores.value(measure, split, state, BEST))
            found[f"{prefix}_{measure}"] = value
            found[f"{prefix}_{measure}_output"] = _number(scores.value(measure, split, state, OUTPUT))
            if measure in ("cosine", "gap", "p1"):
                found[f"{prefix}_{measure}_stderr"] = _number(scores.standard_error(measure, split, state, BEST))
            if state == "adapted":
                before = _number(scores.value(measure, split, "base", scores.layer(BEST, state)))
                found[f"{prefix}_{measure}_base"] = before
                found[f"{prefix}_{measure}_change"] = value - before
        for measure, short in CURVES.items():
            found |= {
                f"{prefix}_{short}_L{_padded(layer)}": _number(scores.value(measure, split, state, layer))
                for layer in layers
            }
    return found


def _padded(layer: str) -> str:
    """Layer name with two digits, so that tables sorted by name keep the order of depth."""
    digits = layer.rstrip("p")
    return digits.zfill(2) + layer[len(digits) :]


def _number(value: float | None) -> float:
    return math.nan if value is None else value
