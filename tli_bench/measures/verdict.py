"""One line for one pair and layer: which part of a cosine, or of its change, survives the controls.

The rules are tried from the top, and the first that holds decides; `docs/measures.md` lists them.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from tli_bench.base.errors import UnscorableError

MATCHED, MISMATCHED, GAP, P1, SINK = "cosine", "mismatched", "gap", "p1", "sink_ratio"
"""Measures that a verdict is based on."""
MIN_PAIRS = 10
"""Fewer pairs than this support no verdict."""
SATURATED = 0.99
"""The mismatched cosine from which on any two words look the same."""
SINK_GAP = 0.01
"""The gap below which saturated cosines are called an artefact."""
SINK_RATIO = 10.0
"""Norm of position 0 over the median, from which on pooling that position dominates the mean."""
ANISOTROPIC = 0.5
"""The mismatched cosine from which on the space is called anisotropic ..."""
ANISOTROPIC_SHARE = 0.8
"""... when wrong pairs reach at least this share of the matched cosine."""
MOVED = 0.01
"""The least rise of a mean cosine that counts as movement of the cone."""
RESOLVED = 0.05
"""The widest half interval of a gap change that lets us say nothing changed."""


class VerdictKind(StrEnum):
    """What the numbers of one pair and layer amount to."""

    UNCLEAR = "unclear"
    SINK = "sink artefact"
    GENERALISES = "generalises"
    MEMORISES = "memorises"
    CONE = "cone narrowing"
    DAMAGE = "damage"
    NO_CHANGE = "no change"
    ANISOTROPY = "anisotropy"
    ALIGNED = "aligned"
    NOT_ALIGNED = "not aligned"


class Verdict(NamedTuple):
    """The kind, for machines, and the line, for people."""

    kind: VerdictKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Mean change of matched and mismatched cosine and of their gap, with the gap's 95 % interval."""

    matched: float
    mismatched: float
    gap: float
    gap_ci: tuple[float, float]

    @property
    def up(self) -> bool:
        """Whether the gap rose: its interval lies above zero."""
        return self.gap_ci[0] > 0

    @property
    def down(self) -> bool:
        """Whether the gap fell: its interval lies below zero."""
        return self.gap_ci[1] < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictInput:
    """What a verdict is based on: one state of the model, and its change against the base where there is one.

    n: pairs behind the numbers (of the control split, where there is one). raw, mismatched: mean cosines.
    gap_ci: 95 % interval of raw - mismatched. p1: P@1 over the n pairs. sink_ratio: norm of position 0 over the median.
    sink_pooled: whether position 0 is in the pooled vector, None when unknown.
    control, train: change from base to adapted; without `control` the verdict is about the state alone.
    """

    n: int
    raw: float
    mismatched: float
    gap_ci: tuple[float, float] | None = None
    p1: float | None = None
    sink_ratio: float | None = None
    sink_pooled: bool | None = None
    control: Change | None = None
    train: Change | None = None

    @property
    def gap(self) -> float:
        """Matched minus mismatched cosine."""
        return self.raw - self.mismatched

    @property
    def chance(self) -> float:
        """P@1 that guessing stays below 97.5 % of the time (normal approximation to the binomial)."""
        guess = 1 / self.n
        return guess + 1.96 * math.sqrt(guess * (1 - guess) / self.n)


_Rule = Callable[[VerdictInput], Verdict | None]


def verdict(data: VerdictInput) -> Verdict:
    """The first verdict whose rule holds.

    Order: too few pairs; sink artefact; then, for a change, generalises, memorises, cone narrowing, damage,
    no change; for one state, anisotropy, aligned, not aligned; else unclear.
    Raises UnscorableError when a number is NaN or infinite.
    """
    _require_finite(data)
    rules = _CHANGE_RULES if data.control is not None else _STATE_RULES
    for rule in (_too_few, _sink, *rules):
        found = rule(data)
        if found is not None:
            return found
    return _unclear(data)


def _too_few(data: VerdictInput) -> Verdict | None:
    if data.n >= MIN_PAIRS:
        return None
    return Verdict(VerdictKind.UNCLEAR, f"unclear: {data.n} pairs are too few (at least {MIN_PAIRS})")


def _sink(data: VerdictInput) -> Verdict | None:
    dominated = bool(data.sink_pooled) and data.sink_ratio is not None and data.sink_ratio >= SINK_RATIO
    saturated = data.mismatched >= SATURATED and data.gap <= SINK_GAP and data.sink_pooled is not False
    if not (dominated or saturated):
        return None
    norm = f" (position 0 norm {data.sink_ratio:.0f}x)" if data.sink_ratio is not None else ""
    return Verdict(VerdictKind.SINK, f"{_levels(data, places=4)}: sink artefact{norm}")


def _generalises(data: VerdictInput) -> Verdict | None:
    if data.control is None or not data.control.up:
        return None
    return Verdict(VerdictKind.GENERALISES, f"generalises: control gap {_effect(data.control)}")


def _memorises(data: VerdictInput) -> Verdict | None:
    control, train = data.control, data.train
    # The control interval must exclude the trained gain: "one significant, the other not" does not show a difference.
    if control is None or train is None or not train.up or control.down or control.gap_ci[1] >= train.gap:
        return None
    text = f"memorises: train gap {_effect(train)}, control gap {_effect(control)}"
    return Verdict(VerdictKind.MEMORISES, text)


def _cone(data: VerdictInput) -> Verdict | None:
    control = data.control
    if control is None or control.up or min(control.matched, control.mismatched) < MOVED:
        return None
    return Verdict(
        VerdictKind.CONE,
        "cone narrowing: matched and mismatched rise together "
        f"(control matched {control.matched:+.2f}, mismatched {control.mismatched:+.2f}, gap {_effect(control)})",
    )


def _damage(data: VerdictInput) -> Verdict | None:
    if data.control is None or not data.control.down:
        return None
    return Verdict(VerdictKind.DAMAGE, f"damage: control gap {_effect(data.control)}")


def _no_change(data: VerdictInput) -> Verdict | None:
    control = data.control
    if control is None or not control.gap_ci[0] <= 0 <= control.gap_ci[1]:
        return None
    if (data.train is not None and data.train.up) or control.gap_ci[1] - control.gap_ci[0] > 2 * RESOLVED:
        return None
    if control.matched == control.mismatched == 0 and control.gap_ci == (0.0, 0.0):
        return Verdict(VerdictKind.NO_CHANGE, "no change: every control cosine is the same before and after")
    return Verdict(VerdictKind.NO_CHANGE, f"no change: control gap {_effect(control)}")


def _anisotropy(data: VerdictInput) -> Verdict | None:
    if data.mismatched < ANISOTROPIC or data.mismatched < ANISOTROPIC_SHARE * data.raw:
        return None
    return Verdict(VerdictKind.ANISOTROPY, f"{_levels(data, places=2)}: anisotropy{_retrieval(data)}")


def _aligned(data: VerdictInput) -> Verdict | None:
    if data.gap_ci is None or data.gap_ci[0] <= 0 or data.p1 is None or data.p1 <= data.chance:
        return None
    return Verdict(VerdictKind.ALIGNED, f"{_levels(data, places=2)}: aligned{_retrieval(data)}")


def _not_aligned(data: VerdictInput) -> Verdict | None:
    gap_shown = data.gap > 0 if data.gap_ci is None else data.gap_ci[0] > 0
    if gap_shown or data.p1 is None or data.p1 > data.chance:
        return None
    return Verdict(VerdictKind.NOT_ALIGNED, f"{_levels(data, places=2)}: not aligned{_retrieval(data)}, chance")


_CHANGE_RULES: tuple[_Rule, ...] = (_generalises, _memorises, _cone, _damage, _no_change)
_STATE_RULES: tuple[_Rule, ...] = (_anisotropy, _aligned, _not_aligned)


def _unclear(data: VerdictInput) -> Verdict:
    if data.control is not None:
        train = f", train gap {_effect(data.train)}" if data.train is not None else ""
        return Verdict(VerdictKind.UNCLEAR, f"unclear: control gap {_effect(data.control)}{train} decides nothing")
    if data.gap_ci is None or data.p1 is None:
        missing = "the gap's interval" if data.gap_ci is None else "P@1"
        return Verdict(VerdictKind.UNCLEAR, f"unclear: {_levels(data, places=2)}, but {missing} was not measured")
    return Verdict(VerdictKind.UNCLEAR, f"unclear: {_levels(data, places=2)} and{_retrieval(data)[1:]} disagree")


def _levels(data: VerdictInput, *, places: int) -> str:
    interval = f" {_interval(data.gap_ci, places)}" if data.gap_ci is not None and places == 2 else ""
    return f"raw {data.raw:.{places}f}, mismatched {data.mismatched:.{places}f} -> gap {data.gap:.{places}f}{interval}"


def _retrieval(data: VerdictInput) -> str:
    return "" if data.p1 is None else f", P@1 {data.p1:.2f} of {data.n}"


def _effect(change: Change) -> str:
    """Gap change and interval, with more places where two would hide which side of zero they are on."""
    shown = [abs(x) for x in (change.gap, *change.gap_ci) if x != 0]
    places = 2 if not shown or min(shown) >= 0.005 else 4
    return f"{change.gap:+.{places}f} {_interval(change.gap_ci, places)}"


def _interval(ci: tuple[float, float], places: int) -> str:
    return f"[{ci[0]:.{places}f}, {ci[1]:.{places}f}]"


def _require_finite(data: VerdictInput) -> None:
    numbers = {"raw": data.raw, "mismatched": data.mismatched, "p1": data.p1, "sink_ratio": data.sink_ratio}
    for name, interval in (("gap_ci", data.gap_ci), ("control", data.control), ("train", data.train)):
        if isinstance(interval, Change):
            numbers |= {f"{name} matched": interval.matched, f"{name} mismatched": interval.mismatched}
            numbers |= {
                f"{name} gap": interval.gap,
                f"{name} low": interval.gap_ci[0],
                f"{name} high": interval.gap_ci[1],
            }
        elif interval is not None:
            numbers |= {f"{name} low": interval[0], f"{name} high": interval[1]}
    for name, value in numbers.items():
        if value is not None and not math.isfinite(value):
            raise UnscorableError(f"no verdict from {name} = {value}; mark the layer unscored")
    if data.n < 1:
        raise UnscorableError(f"no verdict from {data.n} pairs")
