"""What a sweep shows: dev gain against trainable parameters, with intervals over seeds. Dev words alone order and choose."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING

from tli_bench.base.errors import UnknownNameError
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.measure import Measure, Place
from tli_bench.measures.registry import get_measure
from tli_bench.measures.roles import HEADLINE
from tli_bench.stats.pseudo import half_width
from tli_bench.training.budget import Budget
from tli_bench.training.figures import chooser_of, dev_measures

if TYPE_CHECKING:
    from tli_bench.training.sweep import Point

Settings = dict[str, str]


@dataclass(frozen=True, slots=True)
class Gain:
    """Mean over seeds of a change of one split. ci: 95 % t-interval of the mean, None for one seed.

    The seeds differ in initial weights and batches, not in the words: it says how much training wobbles.
    """

    mean: float
    ci: tuple[float, float] | None
    seeds: int


@dataclass(frozen=True, slots=True)
class Row:
    """One setting over all seeds. dev, control: changes at `layer`, by measure; control is empty where it was not scored.

    by: the measure of the dev words that settings are compared by: the headline, or what stands in for it on few words.
    text: rise of the perplexity of ordinary text, as a share, None where it was not measured. efficient: no other setting
    of the pair has at most its parameters and at least its dev gain.
    """

    settings: Settings
    pair: str
    layer: str
    budget: Budget
    by: str
    dev: dict[str, Gain]
    control: dict[str, Gain]
    text: Gain | None
    efficient: bool

    @property
    def score(self) -> Gain:
        """What settings are compared by."""
        return self.dev[self.by]


def pareto(points: Iterable["Point"], *, layer: str = "output") -> list[Row]:
    """One row per setting and pair, best dev gain first. layer: `output`, `loss` (deepest of the loss), or a name.

    Raises UnknownNameError for a layer that the model does not have.
    """
    groups: dict[tuple[str, ...], list[Point]] = {}
    for point in points:
        groups.setdefault((point.pair, *(f"{k}={v}" for k, v in point.settings.items())), []).append(point)
    drafts = [_row(group, layer) for group in groups.values()]
    rows = [replace(draft, efficient=not _dominated(draft, drafts)) for draft in drafts]
    return sorted(rows, key=lambda row: (row.pair, -row.score.mean))


def chosen(rows: Sequence[Row], *, text_limit: float | None = None) -> Settings | None:
    """The settings with the highest dev gain, mean over the pairs; the smaller and then the shorter training on a tie.

    text_limit: settings under which the perplexity of ordinary text rises by more, mean over the pairs, are left out.
    None where that leaves none.
    """
    groups: dict[tuple[tuple[str, str], ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row.settings.items()), []).append(row)
    allowed = [found for found in groups.values() if text_limit is None or _rise(found) <= text_limit]
    if not allowed:
        return None
    return max(allowed, key=_merit)[0].settings


def gain(values: Sequence[float]) -> Gain:
    """Mean and 95 % Student interval of one value per seed."""
    mean = fmean(values)
    if len(values) < 2:
        return Gain(mean, None, len(values))
    half = half_width(values)
    return Gain(mean, (mean - half, mean + half), len(values))


def _merit(rows: Sequence[Row]) -> tuple[float, int, int]:
    budget = rows[0].budget
    return fmean(row.score.mean for row in rows), -budget.parameters, -budget.steps


def _rise(rows: Sequence[Row]) -> float:
    return fmean(row.text.mean if row.text else float("inf") for row in rows)


def _row(group: list["Point"], layer: str) -> Row:
    first = group[0]
    layers = first.base[Split.DEV]
    name = {"output": list(layers)[-1], "loss": first.loss_layers[-1]}.get(layer, layer)
    if name not in layers:
        raise UnknownNameError("layer", name, (*layers, "output", "loss"), hint="of this sweep's model")

    def changes(split: Split) -> dict[str, Gain]:
        sides = [(p.base[split][name], p.adapted[split][name]) for p in group if split in p.base]
        held = [m.name for m in dev_measures() if all(m.name in side for both in sides for side in both)]
        return {m: gain([after[m] - before[m] for before, after in sides]) for m in held} if sides else {}

    dev = changes(Split.DEV)
    rises = [p.text for p in group if p.text is not None]
    return Row(
        settings=first.settings,
        pair=first.pair,
        layer=name,
        budget=first.budget,
        by=chooser_of(HEADLINE, {measure: change.mean for measure, change in dev.items()}),
        dev=dev,
        control=changes(Split.CONTROL),
        text=gain(rises) if rises else None,
        efficient=False,
    )


def _dominated(row: Row, rows: Sequence[Row]) -> bool:
    return any(
        other.pair == row.pair
        and other.budget.parameters <= row.budget.parameters
        and other.score.mean >= row.score.mean
        and (other.budget.parameters, other.score.mean) != (row.budget.parameters, row.score.mean)
        for other in rows
    )


def as_markdown(rows: Sequence[Row], *, text_limit: float | None = None) -> str:
    """The rows as a Markdown table, `*` at the efficient settings, and the setting that the dev words choose.

    What control words gained stands last, after everything that was looked at to choose.
    """
    by = get_measure(rows[0].by)
    measures = _shown_measures(by, rows)
    told = [f"dev {m.label} gain" for m in measures]
    if all(row.text for row in rows):
        told.append("text perplexity")
    control = all(by.name in row.control for row in rows)
    names = [*told, *([f"control {by.label} gain"] if control else [])]
    lines = [
        f"| | pair | setting | parameters | steps | layer | {' | '.join(names)} | seeds |",
        f"|---|---|---|---:|---:|---|{'---|' * len(names)}---:|",
    ]
    for row in rows:
        cells = [_cell(row.dev[measure.name]) for measure in measures]
        cells += [f"{row.text.mean:+.1%}"] if row.text else []
        cells += [_cell(row.control[by.name])] if control else []
        lines.append(
            f"| {'*' if row.efficient else ''} | {row.pair} | {_text(row.settings)} | {row.budget.parameters:,} | "
            f"{row.budget.steps} | {row.layer} | {' | '.join(cells)} | {row.score.seeds} |"
        )
    return "\n".join([*lines, "", _sentence(rows, by, text_limit)])


def _shown_measures(by: Measure, rows: Sequence[Row]) -> list[Measure]:
    """What settings are compared by, then whatever else one line of a run shows and all rows have."""
    others = [m for m in dev_measures() if Place.SUMMARY in m.places and m.name != by.name]
    return [by, *(m for m in others if all(m.name in row.dev for row in rows))]


def _sentence(rows: Sequence[Row], by: Measure, text_limit: float | None) -> str:
    best = chosen(rows, text_limit=text_limit)
    pairs = len({row.pair for row in rows})
    rule = f"by the gain of dev {by.label}" + (f", mean over {pairs} pairs" if pairs > 1 else "")
    if text_limit is not None:
        rule += f", where the perplexity of ordinary text rises by no more than {text_limit:.0%}"
    return f"Chosen {rule}: {_text(best) if best is not None else 'none'}."


def _text(settings: Settings) -> str:
    return ", ".join(f"{key} {value}" for key, value in settings.items()).replace("|", "\\|")


def _cell(value: Gain) -> str:
    return f"{value.mean:+.3f}" + (f" [{value.ci[0]:+.3f}, {value.ci[1]:+.3f}]" if value.ci else "")
