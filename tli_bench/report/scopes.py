"""What a table is about: all pairs, the pairs of a family or language, or one pair."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from tli_bench.base.errors import TLIError
from tli_bench.languages import DEFAULT_PAIRS, LANGUAGES, Language, pairs_of, resolve_pair
from tli_bench.stats.arrays import Floats

FAMILIES = "families"
"""Id of the scope that averages over families, each counted equally: the mean of the means that the family scopes show."""


@dataclass(frozen=True, slots=True)
class Scope:
    """kind: overall, family, language or pair; pairs: those averaged, all of which an entry needs for a rank.

    weights: of each pair in the average, summing to 1; empty where all count alike.
    """

    kind: str
    id: str
    label: str
    pairs: tuple[str, ...]
    weights: tuple[float, ...] = ()

    @property
    def shares(self) -> Floats:
        """Of each pair in the average `[pairs]`, summing to 1."""
        return np.array(self.weights or [1 / len(self.pairs)] * len(self.pairs))

    def mean(self, values: Sequence[float]) -> float:
        """The average of one value for each of the pairs, in their order."""
        return values[0] if len(values) == 1 else fmean(values, weights=self.weights or None)


def languages_of(pair: str) -> tuple[Language, ...]:
    """Both languages of a pair; none when a record names a pair that we do not know."""
    try:
        return resolve_pair(pair)
    except TLIError:
        return ()


def pair_label(pair: str) -> str:
    """`Swahili – English`, or the pair as it is written."""
    return " – ".join(language.name for language in languages_of(pair)) or pair


def short_pair(pair: str) -> str:
    """`swh-eng`: the pair without scripts, for narrow columns; of several the first, and how many more (`swh-eng + 9`)."""
    first, *others = pairs_of(re.sub(r"_[A-Z][a-z]{3}\b", "", pair))
    return f"{first} + {len(others)}" if others else first


def scopes_for(measured: Iterable[str]) -> list[Scope]:
    """Scopes over the measured pairs, the default pairs first.

    Averages run over the default pairs only, where one was measured: an extra pair of one model must not take every
    other model out of the ranks. It still has a table of its own. A pair of two families belongs to both of them; so in the
    average over families it counts in both means.
    """
    seen = set(measured)
    ordered = [p for p in DEFAULT_PAIRS if p in seen] + sorted(p for p in seen if p not in DEFAULT_PAIRS)
    averaged = [p for p in ordered if p in DEFAULT_PAIRS] or ordered
    families = []
    for family in dict.fromkeys(one.family for one in LANGUAGES.values() if one.family and not one.pivot):
        inside = tuple(p for p in averaged if any(one.family == family and not one.pivot for one in languages_of(p)))
        if inside:
            families.append(Scope("family", family.lower(), f"{family} languages", inside))
    scopes = [Scope("overall", "overall", "All pairs", tuple(averaged))] if averaged else []
    scopes += [*_equally(families), *families]
    for language in LANGUAGES.values():
        inside = tuple(p for p in averaged if language in languages_of(p))
        if inside and not language.pivot:
            scopes.append(Scope("language", language.code, language.name, inside))
    scopes += [Scope("pair", pair, pair_label(pair), (pair,)) for pair in ordered]
    return scopes


def _equally(families: Sequence[Scope]) -> list[Scope]:
    """The average over families; none where it is that of one family, or the average over pairs again."""
    pairs = tuple(dict.fromkeys(pair for family in families for pair in family.pairs))
    weights = tuple(
        sum(1 / len(family.pairs) for family in families if pair in family.pairs) / len(families) for pair in pairs
    )
    if len(families) < 2 or max(weights) - min(weights) < 1e-9:
        return []
    return [Scope("overall", FAMILIES, "Families equally", pairs, weights)]
