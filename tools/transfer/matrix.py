"""From points to the transfer matrix: what each training gave each pair, over seeds, and net of its twin."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter
from scipy import stats as sps

from tli_bench.base.errors import ResultError
from tli_bench.stats.arrays import Floats
from tli_bench.stats.pseudo import clustered
from tools.transfer.points import Point, Scored

PLACES = ("chosen", "output")
ALL = "all"


def read_points(folder: Path) -> list[Point]:
    """Every point under the folder; raises ResultError where there is none, or where they are not of one base and recipe."""
    points = [TypeAdapter(Point).validate_json(path.read_text()) for path in sorted((folder / "points").glob("*.json"))]
    if not any(point.kind == "base" for point in points):
        raise ResultError(f"{folder} holds no point of the base; run the command without --pack first")
    of = {(p.model, p.revision, p.lexicon) for p in points}
    recipes = {json.dumps({**p.recipe, "shuffle_pairs": None}, sort_keys=True) for p in points if p.recipe}
    if len(of) > 1 or len(recipes) > 1:
        raise ResultError(f"{folder} holds points of several models, lexicons or recipes; give each its own --out")
    return points


def without_seen(points: Iterable[Point]) -> list[Point]:
    """The points without the control words that any of their trainings saw in a sentence, so that all are of the same words."""
    points = list(points)
    seen = {pair: {c for point in points for c in point.seen.get(pair, ())} for point in points for pair in point.seen}
    return [
        replace(point, scored={pair: _unseen(s, seen.get(pair, set())) for pair, s in point.scored.items()})
        for point in points
    ]


def _unseen(scored: Scored, seen: set[str]) -> Scored:
    kept = [i for i, concept in enumerate(scored.concepts) if concept not in seen]
    return replace(
        scored,
        concepts=tuple(scored.concepts[i] for i in kept),
        at_chosen=tuple(scored.at_chosen[i] for i in kept),
        at_output=tuple(scored.at_output[i] for i in kept),
    )


def side_by_side(arms: Mapping[str, Sequence[Point]]) -> dict[str, Any]:
    """What `packed` says of each arm, all on the words that no arm saw. words: how many these are, by scored pair."""
    clean = iter(without_seen(point for points in arms.values() for point in points))
    own = {name: [next(clean) for _ in points] for name, points in arms.items()}
    base = next(point for points in own.values() for point in points if point.kind == "base")
    return {
        "words": {pair: len(scored.concepts) for pair, scored in base.scored.items()},
        "arms": {name: packed(points) for name, points in own.items()},
    }


def packed(points: Sequence[Point]) -> dict[str, Any]:
    """The matrix with its intervals, and what it is of. cells: by place, trained pair and scored pair (`all`: their mean)."""
    points = without_seen(points)
    (base,) = [point for point in points if point.kind == "base"]
    trained = list(dict.fromkeys(point.pair for point in points if point.pair))
    whole = next((point for point in points if point.kind == "right" and not point.collapsed), None)
    return {
        "model": base.model,
        "revision": base.revision,
        "lexicon": base.lexicon,
        "devices": {point.pair: point.device for point in points if point.pair},
        "recipe": whole.recipe if whole else {},
        "steps": whole.steps if whole else 0,
        "parameters": whole.parameters if whole else 0,
        "seeds": sorted({point.seed for point in points if point.pair}),
        "base": {place: {pair: _round(_at(s, place).mean()) for pair, s in base.scored.items()} for place in PLACES},
        "base_dev": {pair: _round(s.dev_at_chosen) for pair, s in base.scored.items()},
        "cells": {place: {pair: _row(points, base, pair, place) for pair in trained} for place in PLACES},
        "dev": {pair: [_round(_own_dev(p)) for p in _of(points, pair, "right")] for pair in trained},
        "text": {pair: [_round(p.text) for p in _of(points, pair, "right") if p.text is not None] for pair in trained},
        "collapsed": [f"{p.pair} seed {p.seed} ({p.kind}): {p.collapsed}" for p in points if p.collapsed],
        "placebos": _placebos(base, [point for point in points if point.kind == "placebo"]),
    }


def _placebos(base: Point, placebos: Sequence[Point]) -> dict[str, Any]:
    """How many there are and, by place and scored pair, the size of change that 95 % of them stay within; empty where there are none."""
    if not placebos:
        return {}
    floors = {
        place: {
            name: _round(float(np.quantile([abs(_over(one, base, pairs, place).mean()) for one in placebos], 0.95)))
            for name, pairs in _scopes(base)
        }
        for place in PLACES
    }
    return {"count": len(placebos), **floors}


_SAME = ("model", "revision", "lexicon", "recipe", "steps", "seeds")
_BY_PAIR = ("devices", "dev", "text")


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """What `packed` said before, with the trained pairs of `new` added or replaced; each column is against the base of its own device.

    Raises ResultError where the two are not of one base, lexicon and recipe.
    """
    different = [name for name in _SAME if old[name] != new[name]]
    if different:
        raise ResultError(f"the packed file is of another {different[0]}; give --pack another file")
    return {
        **old,
        **{name: old[name] | new[name] for name in _BY_PAIR},
        "cells": {place: old["cells"][place] | new["cells"][place] for place in PLACES},
        "collapsed": [line for line in old["collapsed"] if line.split()[0] not in new["devices"]] + new["collapsed"],
        "placebos": new["placebos"] or old["placebos"],
    }


def _own_dev(point: Point) -> float | None:
    """Dev words of what a point was trained on, the mean over its pairs that were scored; None where none was."""
    scored = [point.scored[pair].dev_at_chosen for pair in point.pair.split(",") if pair in point.scored]
    return float(np.mean(scored)) if scored else None


def _row(points: Sequence[Point], base: Point, trained: str, place: str) -> dict[str, Any]:
    right, twins = _of(points, trained, "right"), _of(points, trained, "shuffled")
    paired = [(p, t) for p in right for t in twins if p.seed == t.seed]
    cells = {}
    for name, pairs in _scopes(base):
        gains = [_over(point, base, pairs, place) for point in right]
        nets = [_over(point, twin, pairs, place) for point, twin in paired]
        if gains:
            cells[name] = {"gain": interval_cell(gains), **({"net": interval_cell(nets)} if nets else {})}
    return cells


def _scopes(base: Point) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield ALL, tuple(base.scored)
    for pair in base.scored:
        yield pair, (pair,)


def _of(points: Iterable[Point], pair: str, kind: str) -> list[Point]:
    return sorted(
        (p for p in points if p.pair == pair and p.kind == kind and not p.collapsed), key=lambda point: point.seed
    )


def _over(after: Point, before: Point, pairs: Sequence[str], place: str) -> Floats:
    """Pseudo-values by concept of the change, averaged over pairs with a concept's pairs as one."""
    changes = [_at(after.scored[pair], place) - _at(before.scored[pair], place) for pair in pairs]
    return clustered(changes, [before.scored[pair].concepts for pair in pairs])[1]


def _at(scored: Scored, place: str) -> Floats:
    return np.array(scored.at_chosen if place == "chosen" else scored.at_output)


def interval_cell(changes: Sequence[Floats]) -> list[float | None]:
    """Mean change over seeds, its 95 % interval over words, and the standard deviation between seeds (None for one seed).

    The interval is of the mean over these very seeds; what another seed would give is what the standard deviation says.
    """
    mean = np.mean(changes, axis=0)
    half = float(sps.t.ppf(0.975, len(mean) - 1) * mean.std(ddof=1) / len(mean) ** 0.5)
    seeds = [float(change.mean()) for change in changes]
    value = float(mean.mean())
    spread = float(np.std(seeds, ddof=1)) if len(seeds) > 1 else None
    return [_round(value), _round(value - half), _round(value + half), _round(spread)]


def _round(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)
