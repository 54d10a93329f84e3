"""By how much a score would be another one with other words, other pairs or another seed of training: each source on its own."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from statistics import fmean

import numpy as np

from tli_bench.models.identity import alike
from tli_bench.report.entries import Entry
from tli_bench.report.scopes import Scope
from tli_bench.stats.ranks import Ranked

_ALIKE = 1e-12
"""A difference that rounding may leave between equal scores."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Sources of uncertainty of one score; None where there is one pair or one training only, or no rank.

    words: standard error of the score over concepts, which its interval and its rank rest on. pairs: standard deviation of the scores
    of the single pairs. without: the lowest and the highest score when any one pair is left out; places: likewise its places by score
    among the ranked entries. seeds: standard deviation of the scores of `trainings` trainings of one recipe, this one among them.
    """

    words: float | None = None
    pairs: float | None = None
    seeds: float | None = None
    trainings: int = 0
    without: tuple[float, float] | None = None
    places: tuple[int, int] | None = None


def spreads(entries: Sequence[Entry], scope: Scope, places: Mapping[int, Ranked | None]) -> list[Spread]:
    """One for each entry in a scope. places: rank by position among the entries, None for those without one."""
    repeated, without = _repeated(entries, places), _without_a_pair(entries, scope, places)
    found = []
    for i, entry in enumerate(entries):
        place = places.get(i)
        scores = [unit.score for pair in scope.pairs if (unit := entry.units.get(pair)) and unit.score is not None]
        trainings = repeated.get(recipe_of(entry), []) if place else []
        found.append(
            Spread(
                words=place.se if place else None,
                pairs=_deviation(scores) if len(scores) == len(scope.pairs) else None,
                seeds=_deviation(trainings),
                trainings=len(trainings),
                without=without[i][0] if i in without else None,
                places=without[i][1] if i in without else None,
            )
        )
    return found


def _without_a_pair(
    entries: Sequence[Entry], scope: Scope, places: Mapping[int, Ranked | None]
) -> dict[int, tuple[tuple[float, float], tuple[int, int]]]:
    """Of each ranked entry, both ends of its score and of its place by score when any one pair is left out; of one pair nothing."""
    ranked, shares = [i for i, place in places.items() if place], scope.shares[:, None]
    if not ranked or len(scope.pairs) < 2:
        return {}
    scores = np.array([[entries[i].units[pair].score for i in ranked] for pair in scope.pairs], dtype=np.float64)
    left = (shares.T @ scores - shares * scores) / (1 - shares)
    better = (left[:, None, :] > left[:, :, None] + _ALIKE).sum(axis=2) + 1
    return {
        i: ((float(a.min()), float(a.max())), (int(b.min()), int(b.max())))
        for i, a, b in zip(ranked, left.T, better.T, strict=True)
    }


def recipe_of(entry: Entry) -> tuple[object, ...] | None:
    """What trainings share that differ by their seed alone, as far as records say; None for a model as it came.

    Base and precision, and what `models.identity.alike` names; a training that states no recipe is like no other.
    """
    trained, base = entry.trained, entry.base_key
    if trained is None:
        return None
    if not trained.recipe or base is None:
        return (entry.key,)
    return (entry.kind, base, *alike(trained))


def _repeated(entries: Sequence[Entry], places: Mapping[int, Ranked | None]) -> dict[object, list[float]]:
    """By recipe, the scores of the ranked trainings."""
    found: dict[object, list[float]] = defaultdict(list)
    for i, place in places.items():
        recipe = recipe_of(entries[i])
        if place and recipe:
            found[recipe].append(place.score)
    return found


def _deviation(values: Sequence[float]) -> float | None:
    """Standard deviation (n - 1); None for fewer than two values."""
    if len(values) < 2:
        return None
    mean = fmean(values)
    return (fsum([(value - mean) ** 2 for value in values]) / (len(values) - 1)) ** 0.5
