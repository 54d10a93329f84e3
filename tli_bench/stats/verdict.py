"""What may be said of one language pair: a verdict by agreement, computed from pseudo-values of unseen words.

The words of a verdict never claim more than its rule. Rules, error rates and limits: docs/explanation/verdicts.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from scipy import special

from tli_bench.stats.arrays import Floats
from tli_bench.stats.pseudo import MIN_WORDS, half_width, simultaneous

FLOOR = 0.02
"""The least change of the headline that is worth a claim; the placebos' 95th percentile where they were run and it is larger."""
EQUAL = 0.05
"""The widest change that still counts as none: the whole interval must lie within plus-minus this much."""


class VerdictKind(StrEnum):
    """What the numbers of one pair and layer amount to."""

    GENERALISES = "generalises"
    BETTER = "better"
    SPREADING = "no more than its twin"
    DAMAGE = "damage"
    MEMORISES = "memorises"
    NO_CHANGE = "no change"
    UNCLEAR = "unclear"
    ALIGNED = "aligned"
    SPELLING = "no more than spelling"
    NOT_ALIGNED = "not aligned"
    WITHHELD = "no verdict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The kind, for machines, and the line, for people; the line begins with the kind."""

    kind: VerdictKind
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Pseudo-values of a change, `[n, L]`, one column for each layer shown: of the headline and of what must agree with it.

    agreeing: each must move the same way beyond its 95 % interval. subsets: the headline of parts of the words, too few for an
    interval of their own; each must reach the floor on average.
    """

    headline: Floats
    agreeing: Mapping[str, Floats] = field(default_factory=dict)
    subsets: Mapping[str, Floats] = field(default_factory=dict)

    def __sub__(self, other: "Change") -> "Change":
        """This change net of another over the same concepts."""
        return Change(
            headline=self.headline - other.headline,
            agreeing={name: mine - other.agreeing[name] for name, mine in self.agreeing.items()},
            subsets={name: mine - other.subsets[name] for name, mine in self.subsets.items() if name in other.subsets},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEvidence:
    """What a verdict about a change is based on.

    layers: those named before the control words were looked at; columns follow their order. control: on unseen words.
    twin: what training the same recipe on shuffled pairs did to the same words; None where there is no twin. train: on the
    trained words, None where they were not scored. floors: the least change worth a claim, by layer.
    """

    layers: Sequence[str]
    label: str
    control: Change
    twin: Change | None = None
    train: Floats | None = None
    floors: Mapping[str, float] = field(default_factory=dict)


def change_verdicts(evidence: ChangeEvidence) -> dict[str, Verdict]:
    """One verdict for each layer shown; its intervals hold simultaneously over the layers.

    In this order: generalises, damage, memorises, no change, unclear. A rise is called "generalises" only net of a twin,
    "no more than its twin" where that leaves nothing, and without a twin only "better".
    """
    n = len(evidence.control.headline)
    if n < MIN_WORDS:
        line = f"{VerdictKind.WITHHELD}: {n} unseen words are too few (at least {MIN_WORDS})"
        return dict.fromkeys(evidence.layers, Verdict(kind=VerdictKind.WITHHELD, text=line))
    judge = _Judge(evidence)
    return {layer: judge.verdict(index) for index, layer in enumerate(evidence.layers)}


class _Judge:
    """The rules for each layer, over widths that are computed once for all layers."""

    def __init__(self, evidence: ChangeEvidence) -> None:
        self.evidence = evidence
        self.control = evidence.control
        self.net = None if evidence.twin is None else evidence.control - evidence.twin
        self.wide = simultaneous(self.control.headline)
        self.net_wide = None if self.net is None else simultaneous(self.net.headline)
        self.train_wide = None if evidence.train is None else simultaneous(evidence.train)

    def verdict(self, at: int) -> Verdict:
        floor = max(FLOOR, self.evidence.floors.get(self.evidence.layers[at], 0.0))
        said = f"{self.evidence.label} of unseen words {_shown(self.control.headline[:, at], self.wide[at])}"
        if _moved(self.control, self.wide, at, floor, sign=1):
            return self._better(at, floor, said)
        if _moved(self.control, self.wide, at, floor, sign=-1):
            return _verdict(VerdictKind.DAMAGE, said)
        if self._memorises(at, floor):
            return self._memorised(at, said)
        mean, wide = float(self.control.headline[:, at].mean()), float(self.wide[at])
        if abs(mean) + wide <= EQUAL:
            return _verdict(VerdictKind.NO_CHANGE, said)
        return _verdict(VerdictKind.UNCLEAR, f"{said}{self._why_unclear(at, floor)}")

    def _better(self, at: int, floor: float, said: str) -> Verdict:
        if self.net is None or self.net_wide is None:
            text = f"{said} (not separated from contrastive spreading: no twin on shuffled pairs)"
            return _verdict(VerdictKind.BETTER, text)
        net = _shown(self.net.headline[:, at], self.net_wide[at])
        if _moved(self.net, self.net_wide, at, floor, sign=1):
            return _verdict(VerdictKind.GENERALISES, f"{said}, net of its twin on shuffled pairs {net}")
        if self._memorises(at, floor):
            return self._memorised(at, said)
        text = f"{said}, but net of its twin on shuffled pairs {net}: not separated from contrastive spreading"
        return _verdict(VerdictKind.SPREADING, text)

    def _memorises(self, at: int, floor: float) -> bool:
        """Trained words rose, by more than unseen ones, and unseen ones may not have risen by as much as is worth a claim."""
        train, wide = self.evidence.train, self.train_wide
        if train is None or wide is None or len(train) < MIN_WORDS:
            return False
        trained, unseen = train[:, at], self.control.headline[:, at]
        apart = trained.mean() - unseen.mean()
        se = (trained.var(ddof=1) / len(trained) + unseen.var(ddof=1) / len(unseen)) ** 0.5
        bound = special.stdtrit(min(len(trained), len(unseen)) - 1, 1 - 0.025 / len(self.evidence.layers)) * se
        rose = trained.mean() > wide[at] and apart > bound and apart >= floor
        return bool(rose and unseen.mean() - self.wide[at] <= floor)

    def _memorised(self, at: int, said: str) -> Verdict:
        assert self.evidence.train is not None
        assert self.train_wide is not None
        trained = _shown(self.evidence.train[:, at], self.train_wide[at])
        return _verdict(VerdictKind.MEMORISES, f"{said}, of trained words {trained}")

    def _why_unclear(self, at: int, floor: float) -> str:
        mean, wide = float(self.control.headline[:, at].mean()), float(self.wide[at])
        sign = 1 if mean > 0 else -1
        if sign * mean <= wide:
            return ": the interval holds zero and is too wide to say that nothing changed"
        if abs(mean) < floor:
            return f": less than {floor:.3f}, the least change worth a claim"
        against = [
            name
            for name, column in self.control.agreeing.items()
            if sign * column[:, at].mean() <= half_width(column[:, at])
        ]
        against += [name for name, column in self.control.subsets.items() if sign * column[:, at].mean() < floor]
        return f": no agreement by {' and '.join(against)}"


def _moved(change: Change, wide: Floats, at: int, floor: float, *, sign: int) -> bool:
    mean = sign * float(change.headline[:, at].mean())
    if not (mean > wide[at] and mean >= floor):
        return False
    if any(sign * column[:, at].mean() < floor for column in change.subsets.values()):
        return False
    return all(sign * column[:, at].mean() > half_width(column[:, at]) for column in change.agreeing.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class StateEvidence:
    """What a verdict about a model as it is is based on.

    headline: pseudo-values `[n, L]`; spelling `[n]`: those of retrieval by spelling alone; chance: what vectors
    without alignment score. qualifiers: by layer, what else a reader should know, each a few words.
    """

    layers: Sequence[str]
    label: str
    headline: Floats
    chance: float
    spelling: Floats | None = None
    qualifiers: Mapping[str, Sequence[str]] = field(default_factory=dict)


def state_verdicts(evidence: StateEvidence) -> dict[str, Verdict]:
    """One verdict for each layer shown: aligned, no more than spelling, not aligned, or unclear."""
    n = len(evidence.headline)
    if n < MIN_WORDS:
        line = f"{VerdictKind.WITHHELD}: {n} words are too few (at least {MIN_WORDS})"
        return dict.fromkeys(evidence.layers, Verdict(kind=VerdictKind.WITHHELD, text=line))
    wide = simultaneous(evidence.headline)
    above = None if evidence.spelling is None else evidence.headline - evidence.spelling[:, None]
    above_wide = None if above is None else simultaneous(above)
    found = {}
    for at, layer in enumerate(evidence.layers):
        mean = float(evidence.headline[:, at].mean())
        kind = _state_kind(mean, wide[at], evidence.chance)
        if kind is VerdictKind.ALIGNED and above is not None and above_wide is not None:
            beats = above[:, at].mean() > above_wide[at]
            kind = VerdictKind.ALIGNED if beats else VerdictKind.SPELLING
        against = f"chance {evidence.chance:.2f}"
        if evidence.spelling is not None:
            against += f", spelling alone {evidence.spelling.mean():.2f}"
        notes = "".join(f"; {note}" for note in evidence.qualifiers.get(layer, ()))
        shown = f"{mean:.2f} [{mean - wide[at]:.2f}, {mean + wide[at]:.2f}]"
        found[layer] = _verdict(kind, f"{evidence.label} {shown} ({against}){notes}")
    return found


def _state_kind(mean: float, wide: float, chance: float) -> VerdictKind:
    if mean - wide > chance + FLOOR:
        return VerdictKind.ALIGNED
    return VerdictKind.NOT_ALIGNED if mean + wide <= chance + EQUAL else VerdictKind.UNCLEAR


def withheld(why: str) -> Verdict:
    """A verdict that is not given, with its reason."""
    return _verdict(VerdictKind.WITHHELD, why)


def _verdict(kind: VerdictKind, text: str) -> Verdict:
    return Verdict(kind=kind, text=f"{kind}: {text}")


def _shown(column: Floats, wide: float) -> str:
    mean = float(np.mean(column))
    places = 3 if wide < 0.1 else 2
    return f"{mean:+.{places}f} [{mean - wide:+.{places}f}, {mean + wide:+.{places}f}]"
