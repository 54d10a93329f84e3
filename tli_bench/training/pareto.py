"""What a sweep shows: control gain against trainable parameters, with intervals over seeds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from scipy import stats as sps

from tli_bench.base.errors import UnknownNameError
from tli_bench.measures.measure import Measure, Place
from tli_bench.measures.roles import HEADLINE
from tli_bench.training.budget import Budget
from tli_bench.training.figures import dev_measures

if TYPE_CHECKING:
    from tli_bench.training.sweep import Point


@dataclass(frozen=True, slots=True)
class Gain:
    """Mean over seeds of a change on the control split. ci: 95 % t-interval of the mean, None for one seed.

    The seeds differ in initial weights and batches, not in the control words: it says how much training wobbles.
    """

    mean: float
    ci: tuple[float, float] | None
    seeds: int


@dataclass(frozen=True, slots=True)
class Row:
    """One setting over all seeds. gains: changes on the control split at `layer`, by measure.

    efficient: no other setting of the pair has at most its parameters and at least its gain of the headline measure.
    """

    settings: dict[str, str]
    pair: str
    layer: str
    budget: Budget
    gains: dict[str, Gain]
    efficient: bool

    @property
    def headline(self) -> Gain:
        """Gain of the measure that settings are compared by."""
        return self.gains[HEADLINE]


def pareto(points: Iterable["Point"], *, layer: str = "output") -> list[Row]:
    """One row per setting and pair, best headline gain first. layer: `output`, `loss` (deepest of the loss), or a name.

    Raises UnknownNameError for a layer that the model does not have.
    """
    groups: dict[tuple[str, ...], list[Point]] = {}
    for point in points:
        groups.setdefault((point.pair, *(f"{k}={v}" for k, v in point.settings.items())), []).append(point)
    drafts = [_row(group, layer) for group in groups.values()]
    rows = [replace(draft, efficient=not _dominated(draft, drafts)) for draft in drafts]
    return sorted(rows, key=lambda row: (row.pair, -row.headline.mean))


def gain(values: Sequence[float]) -> Gain:
    """Mean and 95 % Student interval of one value per seed."""
    mean = fmean(values)
    if len(values) < 2:
        return Gain(mean, None, len(values))
    half = float(sps.t.ppf(0.975, len(values) - 1)) * stdev(values) / len(values) ** 0.5
    return Gain(mean, (mean - half, mean + half), len(values))


def _row(group: list["Point"], layer: str) -> Row:
    first = group[0]
    name = {"output": list(first.base)[-1], "loss": first.loss_layers[-1]}.get(layer, layer)
    if name not in first.base:
        raise UnknownNameError("layer", name, (*first.base, "output", "loss"), hint="of this sweep's model")

    def change(measure: str) -> Gain:
        return gain([p.adapted[name][measure] - p.base[name][measure] for p in group])

    held = [
        m.name
        for m in _shown_measures()
        if all(m.name in curves[name] for p in group for curves in (p.base, p.adapted))
    ]
    return Row(first.settings, first.pair, name, first.budget, {name: change(name) for name in held}, efficient=False)


def _dominated(row: Row, rows: Sequence[Row]) -> bool:
    return any(
        other.pair == row.pair
        and other.budget.parameters <= row.budget.parameters
        and other.headline.mean >= row.headline.mean
        and (other.budget.parameters, other.headline.mean) != (row.budget.parameters, row.headline.mean)
        for other in rows
    )


def as_markdown(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table; `*` marks the efficient settings."""
    measures = [m for m in _shown_measures() if all(m.name in row.gains for row in rows)]
    names = [f"control {m.label} {'change' if m.higher_is_better is None else 'gain'}" for m in measures]
    lines = [
        f"| | pair | setting | parameters | steps | layer | {' | '.join(names)} | seeds |",
        f"|---|---|---|---:|---:|---|{'---|' * len(names)}---:|",
    ]
    for row in rows:
        setting = ", ".join(f"{key} {value}" for key, value in row.settings.items()).replace("|", "\\|")
        lines.append(
            f"| {'*' if row.efficient else ''} | {row.pair} | {setting} | {row.budget.parameters:,} | "
            f"{row.budget.steps} | {row.layer} | {' | '.join(_shown(row.gains[m.name]) for m in measures)} | "
            f"{row.headline.seeds} |"
        )
    return "\n".join(lines)


def _shown_measures() -> list[Measure]:
    """What can be compared and is watched while training: what improves first, then what only describes."""
    found = (m for m in dev_measures() if Place.COMPARED in m.places)
    return sorted(found, key=lambda m: (m.name != HEADLINE, m.higher_is_better is None))


def _shown(value: Gain) -> str:
    return f"{value.mean:+.3f}" + (f" [{value.ci[0]:+.3f}, {value.ci[1]:+.3f}]" if value.ci else "")
