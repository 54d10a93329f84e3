"""Ways to train the same base, side by side: LoRA on early layers, LoRA at full depth, full fine-tuning. Measured rows only."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple

import numpy as np

from tli_bench.measures.roles import HEADLINE
from tli_bench.report.columns import compared_measures, control_label
from tli_bench.report.downstream import Joined
from tli_bench.report.entries import Entry, Floats, Unit
from tli_bench.report.scopes import Scope
from tli_bench.stats.pseudo import clustered, estimates

KINDS = {
    "early": "LoRA, early layers",
    "deep": "LoRA, full depth",
    "lora": "LoRA, loss layer not stated",
    "full": "full fine-tuning",
}
ABOUT = (
    "Contenders trained on the same base, scored on the same words: the change against that base. LoRA counts as early "
    "where its loss lies below the last block, so that the blocks above the loss layer stay as they were. The chosen layer "
    "is each one's own, the base's too, by the dev words; the output is the last layer. Intervals are 95 % over concepts, of the "
    "difference on the same words; another seed of training may differ by more."
)


class Quantity(NamedTuple):
    """One measure at the chosen layer, or at the output."""

    measure: str
    output: bool
    label: str

    def of(self, unit: Unit) -> Floats | None:
        """Its pseudo-values `[words]`; None where some word has none."""
        return (unit.output_pseudo if self.output else unit.pseudo).get(self.measure)

    def mean(self, unit: Unit) -> float | None:
        """Their mean, which is the unit's score; None where some word has none."""
        if self.output:
            return unit.output_means.get(self.measure)
        return unit.values[self.measure] if self.measure in unit.pseudo else None


def quantities() -> dict[str, Quantity]:
    """What contenders are compared by, by name: each compared measure at the chosen layer, then at the output."""
    return {
        f"{'output_' if output else ''}{measure.name}": Quantity(
            measure.name, output, f"{control_label(measure)}, {'output' if output else 'chosen layer'}"
        )
        for output in (False, True)
        for measure in compared_measures()
    }


@dataclass(frozen=True, slots=True)
class Change:
    """A mean difference against the base over the pairs of a scope, with its 95 % interval; none under 20 concepts."""

    value: float
    ci: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Trained:
    """One contender of a contest. entry: position on the board; kind: of KINDS; parameters: that received gradient.

    changes: by name of `quantities`; a missing one could not be scored. english: change of
    the English column, None where one side was not scored.
    """

    entry: int
    kind: str
    changes: dict[str, Change]
    english: float | None


@dataclass(frozen=True, slots=True)
class Contest:
    """All that were trained from one base, in one scope. base: its position on the board; values: its own `quantities`."""

    base: int
    scope: Scope
    values: dict[str, float]
    rows: tuple[Trained, ...]


def kind_of(entry: Entry) -> str:
    """A key of KINDS for a trained entry, from where its loss was taken among the layers of its records."""
    if entry.kind == "full":
        return "full"
    loss = entry.trained.loss_layers if entry.trained else ()
    layers = next(iter(entry.units.values())).layers
    if not loss or not set(loss) <= set(layers):
        return "lora"
    # The last two names are the last block before and after the final norm.
    last = [i for i, name in enumerate(layers) if name.endswith("p")] or [len(layers) - 1]
    return "early" if max(layers.index(name) for name in loss) < last[0] else "deep"


def base_units(entries: Sequence[Entry]) -> dict[int, dict[str, Unit]]:
    """By position of each trained entry, its base's unit on each pair that has one, on the same words.

    An adapter's base is that of its own records: both come from one load.
    """
    places = {entry.key.nameless: i for i, entry in enumerate(entries)}
    found: dict[int, dict[str, Unit]] = {}
    for i, entry in enumerate(entries):
        base = places.get(entry.base_key) if entry.base_key else None
        there = entries[base].units if base is not None else {}
        units = {pair: unit.base or there.get(pair) for pair, unit in entry.units.items()}
        found[i] = {pair: u for pair, u in units.items() if u is not None and u.words == entry.units[pair].words}
    return found


def contests(
    entries: Sequence[Entry],
    scope: Scope,
    fit: AbstractSet[int],
    bases: dict[int, dict[str, Unit]],
    joined: Sequence[Joined],
) -> list[Contest]:
    """One contest for each base with contenders in the scope. fit: positions of the entries that may be ranked there.

    bases: as `base_units` finds them; joined: downstream scores by position.
    """
    places = {entry.key.nameless: i for i, entry in enumerate(entries)}
    groups: dict[int, list[int]] = {}
    for i in sorted(fit):
        key = entries[i].base_key
        base = places.get(key) if key else None
        if base is not None and base in fit and set(scope.pairs) <= bases[i].keys():
            groups.setdefault(base, []).append(i)
    found = []
    everyone = [i for inside in groups.values() for i in inside]
    changes = _changes(entries, scope, everyone, bases)
    for base, inside in sorted(groups.items()):
        english = joined[base].get("english")
        rows = [Trained(i, kind_of(entries[i]), changes[i], _minus(joined[i].get("english"), english)) for i in inside]
        own = [entries[base].units[pair] for pair in scope.pairs]
        values = {name: _mean([quantity.mean(unit) for unit in own]) for name, quantity in quantities().items()}
        order = sorted(rows, key=lambda r: (list(KINDS).index(r.kind), -_value(r), r.entry))
        found.append(Contest(base, scope, {q: v for q, v in values.items() if v is not None}, tuple(order)))
    return found


def _changes(
    entries: Sequence[Entry],
    scope: Scope,
    inside: Sequence[int],
    bases: dict[int, dict[str, Unit]],
) -> dict[int, dict[str, Change]]:
    """Every change of every contender: all have the same words, or they would have no rank."""
    rows: list[tuple[int, str]] = []
    asked = quantities()
    differences: list[list[Floats]] = []
    means: list[float] = []
    for i in inside:
        for name, quantity in asked.items():
            pairs = [(quantity.of(entries[i].units[p]), quantity.of(bases[i][p])) for p in scope.pairs]
            known = [(after, before) for after, before in pairs if after is not None and before is not None]
            if len(known) == len(pairs):
                rows.append((i, name))
                differences.append([after - before for after, before in known])
                # As the Over base column computes it, so that both round alike.
                sides = [(quantity.mean(entries[i].units[p]), quantity.mean(bases[i][p])) for p in scope.pairs]
                means.append(
                    fmean(after - before for after, before in sides if after is not None and before is not None)
                )
    found: dict[int, dict[str, Change]] = {i: {} for i in inside}
    if not rows:
        return found
    values = [np.stack([row[k] for row in differences], axis=1) for k in range(len(scope.pairs))]
    concepts = [[word[0] for word in entries[inside[0]].units[pair].words] for pair in scope.pairs]
    _, changed = clustered(values, concepts)
    for (i, name), mean, change in zip(rows, means, estimates(changed), strict=True):
        found[i][name] = Change(mean, change.ci)
    return found


def change_text(change: Change | None) -> str:
    """`+0.185 [+0.170, +0.199]`; a dash where it could not be scored."""
    if change is None:
        return "–"
    interval = f" [{change.ci[0]:+.3f}, {change.ci[1]:+.3f}]" if change.ci else ""
    return f"{change.value:+.3f}{interval}".replace("-", "−")


def parameters_text(entry: Entry) -> str:
    """Numbers that received gradient, `43,008`; a dash where that is not stated."""
    count = entry.trained.trainable_parameters if entry.trained else None
    return "–" if count is None else f"{count:,}"


def loss_text(entry: Entry) -> str:
    """Layers of the loss, `2` or `2, 4`; a dash where they are not stated."""
    return ", ".join(entry.trained.loss_layers) if entry.trained and entry.trained.loss_layers else "–"


def _mean(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return fmean(known) if known and len(known) == len(values) else None


def _minus(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before


def _value(row: Trained) -> float:
    return row.changes[HEADLINE].value if HEADLINE in row.changes else -9.0
