"""The figures watched on the dev words while training: measures that need nothing but vectors and their centre."""

from tli_bench.base.errors import InputError
from tli_bench.measures.centred import CENTRED
from tli_bench.measures.choice import CHOOSERS
from tli_bench.measures.measure import Measure, Place
from tli_bench.measures.registry import list_measures
from tli_bench.measures.roles import HEADLINE

Figures = dict[str, float]
"""Values by measure."""


def dev_measures() -> list[Measure]:
    """What is computed at every evaluation."""
    return [measure for measure in list_measures(Place.DEV) if measure.needs <= CENTRED]


def choosers() -> dict[str, Measure]:
    """Those that can choose a checkpoint, by name: they say which way is better."""
    return {measure.name: measure for measure in dev_measures() if measure.higher_is_better is not None}


def chooser_of(metric: str, figures: Figures) -> str:
    """The measure that chooses the checkpoint: `metric`, or, of the headline, what stands in for it on few dev words.

    Raises InputError when the dev words are too few for the measure asked for.
    """
    if metric in figures:
        return metric
    found = next((name for name in CHOOSERS if name in figures), None) if metric == HEADLINE else None
    if found is None:
        raise InputError(
            f"dev_metric {metric!r} cannot be given for these dev words; choose one of {', '.join(figures)}"
        )
    return found


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
