"""What an adapter changed, in alignment and in downstream scores, keyed so that only like is compared with like."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tli_bench.base.errors import UnknownNameError
from tli_bench.config.facts import asked_text, differing
from tli_bench.evaluate.fixed_layer import dev_layer
from tli_bench.evaluate.measured import title_of
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.registry import list_measures
from tli_bench.models.identity import AdapterRef
from tli_bench.records.schema import Curve, DownstreamRecord, RunRecord
from tli_bench.records.scores import BEST, OUTPUT
from tli_bench.records.summary import downstream_flags
from tli_bench.records.task_pairs import kind_of, pair_of, unordered

OWN = ("fewshot_source",)
"""Each language has examples of its own, so tasks of one kind need not agree on where they are from."""


class Base(NamedTuple):
    """The model that was scored with its adapter off and on."""

    model: str
    revision: str
    dtype: str
    quantization: str | None


class Who(NamedTuple):
    """One pair under one adapter of one base: what an alignment record and a downstream record must share to meet."""

    base: Base
    adapter: str
    pair: str


@dataclass(frozen=True, slots=True)
class Gain:
    """Change of one alignment measure on the control words. by_layer: None where unscored.

    best: the layer that dev chose for the adapted model. output: name of the last layer. whole: whether all blocks were loaded, without
    which neither is the model's own.
    """

    who: Who
    adapter: str
    by_layer: dict[str, float | None]
    best: str
    output: str
    whole: bool

    def at(self, layer: str) -> float | None:
        """The change at `best`, `output` or a layer's name; None where there is none."""
        return self.by_layer.get({BEST: self.best, OUTPUT: self.output}.get(layer, layer))


@dataclass(frozen=True, slots=True)
class Outcome:
    """Change of one downstream score. kind: of task, and how it was asked where that is not the usual way.

    data: why it is not a benchmark, empty if it is; by_layer: empty for most tasks.
    """

    who: Who
    kind: str
    data: str
    metric: str
    higher_is_better: bool
    headline: float | None
    by_layer: dict[str, float | None]

    def at(self, layer: str, gain: Gain) -> float | None:
        """The change to set against alignment's at `layer`: at the same layer if the task is read by layer, else the only one."""
        if layer == BEST or not self.by_layer:
            return self.headline
        return self.by_layer.get(gain.output if layer == OUTPUT else layer)


@dataclass(slots=True)
class Gathered:
    """gains: by title, which says what was measured and how, adapters apart; unscored: titles under which nothing was scored at any layer.

    layers: by title, the one layer that the dev words choose for the mean of the pairs of the base.
    repeated: records that are replaced by a later one of the same unit.
    """

    gains: dict[str, dict[Who, Gain]]
    unscored: dict[str, dict[Who, Gain]]
    layers: dict[str, str]
    repeated: int


def gather(records: Iterable[RunRecord], measure: str) -> Gathered:
    """The change of `measure` in every alignment record with an adapter and control words.

    Raises UnknownNameError for a measure that is not registered and that no record has a curve of, also where there are no records.
    """
    found, created, known = Gathered({}, {}, {}, 0), dict[tuple[str, Who], str](), set[str]()
    dev: dict[str, dict[str, Mapping[str, Curve]]] = defaultdict(dict)
    for record in records:
        states = record.curves.get(Split.CONTROL, {})
        known |= set(states.get("base", {}))
        signature = record.signature
        adapter, best = signature.adapter, record.best_layer.get("adapted")
        if adapter is None or best is None or "adapted" not in states:
            continue
        base = Base(signature.model, signature.revision, signature.dtype, signature.quantization)
        who, title = Who(base, adapter.sha256, unordered(record.pair)), title_of(record, adapter=True)
        found.repeated += (title, who) in created
        if created.get((title, who), "") > record.created:
            continue
        created[title, who] = record.created
        changes = _difference(states["base"].get(measure), states["adapted"].get(measure), len(signature.layers))
        by_layer = dict(zip(signature.layers, changes, strict=True))
        dev[title][who.pair] = record.curves.get(Split.DEV, {}).get("base", {})
        found.gains.setdefault(title, {})[who] = Gain(
            who, _label(adapter), by_layer, best, signature.layers[-1], whole=signature.first_blocks is None
        )
    names = known | {m.name for m in list_measures()}
    if measure not in names:
        raise UnknownNameError("measure", measure, names, hint="docs/measures.md describes them")
    for title, gains in list(found.gains.items()):
        layers = list(next(reversed(gains.values())).by_layer)
        found.layers[title] = dev_layer(layers, list(dev[title].values()))
        if all(value is None for gain in gains.values() for value in gain.by_layer.values()):
            found.unscored[title] = found.gains.pop(title)
    return found


@dataclass(slots=True)
class Scored:
    """outcomes: of every score that base and adapter both have. metrics: that can be tested, of all records, with an adapter or without.
    tasks: by what their records share with alignment records.

    ways: by kind of task, the facts in which its records were not all asked in the same way.
    apart: tasks that do not belong to one pair; without: how many records have no adapter; repeated: as in `Gathered`.
    """

    outcomes: list[Outcome]
    metrics: set[str]
    tasks: dict[Who, set[str]]
    ways: dict[str, tuple[str, ...]]
    apart: set[str]
    without: int
    repeated: int


def outcomes(records: Iterable[DownstreamRecord]) -> Scored:
    """The change of every score in every downstream record with an adapter."""
    latest: dict[tuple[str, str, str, Base, str], DownstreamRecord] = {}
    found = Scored([], set(), {}, {}, set(), 0, 0)
    for record in records:
        found.metrics |= set(record.curves.get("base") or record.higher_is_better)
        if record.adapter is None:
            found.without += 1
            continue
        base = Base(record.model, record.revision, record.dtype, record.quantization)
        key = (
            record.task,
            asked_text(record, but=OWN),
            ", ".join(downstream_flags(record)),
            base,
            record.adapter.sha256,
        )
        found.repeated += key in latest
        if key not in latest or latest[key].created <= record.created:
            latest[key] = record
    found.ways = _ways(latest.values())
    for (task, asked, data, base, adapter), record in latest.items():
        pair = pair_of(task)
        if pair is None:
            found.apart.add(task)
            continue
        who = Who(base, adapter, pair)
        found.tasks.setdefault(who, set()).add(task)
        found.outcomes += [
            Outcome(
                who,
                kind_of(task) + (f" ({asked})" if asked else ""),
                data,
                metric,
                record.higher_is_better[metric],
                headline,
                by_layer,
            )
            for metric, headline, by_layer in _changes(record)
            if metric in record.higher_is_better
        ]
    return found


def _ways(records: Iterable[DownstreamRecord]) -> dict[str, tuple[str, ...]]:
    by_kind: dict[str, list[DownstreamRecord]] = {}
    for record in records:
        by_kind.setdefault(kind_of(record.task), []).append(record)
    return {kind: names for kind, members in by_kind.items() if (names := differing(members, but=OWN))}


def _changes(record: DownstreamRecord) -> Iterable[tuple[str, float | None, dict[str, float | None]]]:
    """Metric, change and change by layer; for a task that is read by layer, only the metrics that have curves."""
    base, adapted = record.scores["base"], record.scores["adapted"]
    curves = {state: record.curves.get(state, {}) for state in ("base", "adapted")}
    for metric in base:
        if metric not in adapted or (record.curves and metric not in curves["adapted"]):
            continue
        (headline,) = _difference([base[metric]], [adapted[metric]], 1)
        by_layer = _difference(curves["base"].get(metric), curves["adapted"].get(metric), len(record.layers))
        yield metric, headline, dict(zip(record.layers, by_layer, strict=True))


def _difference(before: Curve | None, after: Curve | None, depth: int) -> list[float | None]:
    if before is None or after is None:
        return [None] * depth
    return [None if b is None or a is None else a - b for b, a in zip(before, after, strict=True)]


def _label(adapter: AdapterRef) -> str:
    return f"{adapter.name}-{adapter.sha256[:8]}"


def labels(gains: Mapping[Who, Gain]) -> dict[str, str]:
    """Adapter hash to its name, with the start of the hash where two adapters share a name."""
    full = {gain.who.adapter: gain.adapter for gain in gains.values()}
    short = {sha: label.rsplit("-", 1)[0] for sha, label in full.items()}
    return {sha: name if list(short.values()).count(name) == 1 else full[sha] for sha, name in short.items()}
