"""The figures watched on the dev words while training: measures that need nothing but the vectors."""

from tli_bench.measures.measure import VECTORS, Measure, Place
from tli_bench.measures.registry import list_measures

Figures = dict[str, float]
"""Values by measure."""


def dev_measures() -> list[Measure]:
    """What is computed at every evaluation."""
    return [measure for measure in list_measures(Place.DEV) if measure.needs <= VECTORS]


def choosers() -> dict[str, Measure]:
    """Those that can choose a checkpoint, by name: they say which way is better."""
    return {measure.name: measure for measure in dev_measures() if measure.higher_is_better is not None}


def figures_text(before: Figures, after: Figures) -> str:
    """`gap +0.10 -> +0.20, P@1 0.30 -> 0.40`: what got better or worse first, then what only describes."""
    shown = sorted((m for m in dev_measures() if m.name in after), key=lambda m: m.higher_is_better is None)
    return ", ".join(f"{m.label} {_number(m, before[m.name])} -> {_number(m, after[m.name])}" for m in shown)


def figures_line(figures: Figures) -> str:
    """`gap +0.10  P@1 0.30`: the few that one line of a run shows too."""
    shown = (m for m in dev_measures() if Place.SUMMARY in m.places and m.name in figures)
    return "  ".join(f"{m.label} {_number(m, figures[m.name])}" for m in shown)


def _number(measure: Measure, value: float) -> str:
    """One digit more than in tables: what is watched moves little from step to step."""
    return f"{value:{'+' if measure.low < -1 else ''}.{measure.digits + 1}f}"
