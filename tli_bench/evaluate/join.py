"""Does alignment matter? How an adapter changes alignment against how it changes each downstream score."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tli_bench.base.errors import UnknownNameError, UnscorableError
from tli_bench.evaluate.changes import Gain, Gathered, Outcome, Scored, Who, gather, labels, outcomes
from tli_bench.evaluate.explain import ALPHA, ENOUGH, told
from tli_bench.evaluate.fixed_layer import DEV
from tli_bench.evaluate.measured import again
from tli_bench.measures.roles import HEADLINE
from tli_bench.records.schema import DownstreamRecord, RunRecord
from tli_bench.records.scores import BEST, OUTPUT
from tli_bench.stats import SpearmanResult, benjamini_hochberg, holm, spearman

EACH, EVERY = "each", "all"
"""Layers: every layer with the score at the same layer, all in one correlation; and every layer by itself."""


@dataclass(frozen=True, slots=True)
class Point:
    """x: change of the alignment measure on the control words; y: change of the score. layer: where x was read."""

    pair: str
    adapter: str
    layer: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Association:
    """The points of one score at one choice of layer, and their rank correlation.

    data: why the score is not a benchmark, empty if it is. over: the independent units, `pairs` or `adapters`; within:
    the one adapter, or the one pair, empty where adapters are pooled. units: how many there are. unscored: points that
    have no value. result, note: None and the reason where there is no correlation. holm, bh: p corrected over the
    family; None where nothing was tested. verdict: what may be said.
    """

    kind: str
    data: str
    metric: str
    higher_is_better: bool
    over: str
    within: str
    layer: str
    units: int
    unscored: int
    points: tuple[Point, ...]
    result: SpearmanResult | None
    note: str
    holm: float | None = None
    bh: float | None = None
    verdict: str = ""

    @property
    def enough(self) -> bool:
        """Whether there are enough independent units to tell anything."""
        return self.units >= ENOUGH


@dataclass(frozen=True, slots=True)
class Joined:
    """All associations of one base under one protocol. family: how many were tested and corrected together.

    layer: the one that the dev words choose for the mean of the pairs of the base.
    """

    title: str
    measure: str
    layer: str
    pairs: int
    adapters: tuple[str, ...]
    family: int
    associations: tuple[Association, ...]


@dataclass(frozen=True, slots=True)
class Join:
    """What was joined, and notes on what was not and why."""

    joined: tuple[Joined, ...]
    notes: tuple[str, ...]


def join(
    alignment: Iterable[RunRecord],
    downstream: Iterable[DownstreamRecord],
    *,
    measure: str = HEADLINE,
    layers: Sequence[str] = (DEV, OUTPUT),
    metrics: Sequence[str] = (),
    seed: int = 0,
) -> Join:
    """Correlate the change of every downstream score with that of `measure`, over pairs and adapters.

    Only records of one model, revision, precision and adapter are joined, and a task in one language is joined with that
    language's pair with English. layers: of the alignment: `dev` (one for all pairs, which the dev words choose for the mean of the
    pairs of the base), `best` (of each pair's adapted model, chosen on dev), `output`, a name, or `all`; records of the first blocks
    alone are not read at `best` or `output`, which are not the whole model's.
    Tasks that are read by layer are read at the same layer, and have one more association over all layers together.
    metrics: downstream metrics to test; all if empty. Raises UnknownNameError for a measure, layer or metric that no
    record has.
    """
    gathered, scored = gather(alignment, measure), outcomes(downstream)
    _require("metric", metrics, scored.metrics)
    names = dict.fromkeys(
        name for gains in gathered.gains.values() for gain in gains.values() for name in gain.by_layer
    )
    _require("layer", layers, {DEV, BEST, OUTPUT, EVERY, *names})
    joined = []
    for title, gains in gathered.gains.items():
        here = [o for o in scored.outcomes if o.who in gains and (not metrics or o.metric in metrics)]
        if here:
            joined.append(_joined(title, measure, gathered.layers[title], here, gains, layers, seed))
    notes = [*_notes(gathered, scored, measure), *_cut(gathered, scored, layers)]
    return Join(tuple(part for part in joined if part.associations), tuple(notes))


def _joined(
    title: str,
    measure: str,
    fixed: str,
    here: Sequence[Outcome],
    gains: dict[Who, Gain],
    layers: Sequence[str],
    seed: int,
) -> Joined:
    names = dict.fromkeys(name for gain in gains.values() for name in gain.by_layer)
    if not _whole(gains):
        layers = [name for name in layers if name not in (BEST, OUTPUT)]
    # Where dev chooses the output, or a name is that of another layer that was asked for, it is one test and not two.
    last = {gain.output for gain in gains.values() if gain.whole}
    called = {DEV: OUTPUT if {fixed} == last else fixed}
    shown = list(
        dict.fromkeys(name for asked in layers for name in (names if asked == EVERY else [called.get(asked, asked)]))
    )
    found = _corrected([a for group in _groups(here, gains) for a in _associations(group, gains, shown, seed)])
    adapters = sorted({labels(gains)[outcome.who.adapter] for outcome in here})
    pairs, family = len({outcome.who.pair for outcome in here}), sum(a.holm is not None for a in found)
    return Joined(title, measure, fixed, pairs, tuple(adapters), family, tuple(found))


def _whole(gains: dict[Who, Gain]) -> bool:
    """Whether the records of one title are of the whole model; what was loaded is part of the title."""
    return all(gain.whole for gain in gains.values())


def _require(what: str, asked: Sequence[str], known: set[str]) -> None:
    for name in asked:
        if known and name not in known:
            raise UnknownNameError(what, name, known)


@dataclass(frozen=True, slots=True)
class _Group:
    """Outcomes of one metric that make up one association, one for each pair and adapter."""

    over: str
    within: str
    outcomes: tuple[Outcome, ...]


def _groups(found: Sequence[Outcome], gains: dict[Who, Gain]) -> Iterator[_Group]:
    """Each metric's outcomes: all adapters pooled if there are several, each adapter alone, and each pair with enough adapters."""
    names = labels(gains)
    by_metric: dict[tuple[str, str, str], list[Outcome]] = defaultdict(list)
    for outcome in found:
        by_metric[outcome.kind, outcome.data, outcome.metric].append(outcome)
    for _, members in sorted(by_metric.items()):
        adapters = sorted({o.who.adapter for o in members}, key=names.__getitem__)
        if len(adapters) > 1:
            yield _Group("pairs", "", tuple(members))
        for adapter in adapters:
            yield _Group("pairs", names[adapter], tuple(o for o in members if o.who.adapter == adapter))
        for pair in sorted({o.who.pair for o in members}):
            one = tuple(o for o in members if o.who.pair == pair)
            if len(one) >= ENOUGH:
                yield _Group("adapters", pair, one)


def _associations(group: _Group, gains: dict[Who, Gain], layers: Sequence[str], seed: int) -> Iterator[Association]:
    names = labels(gains)
    by_layer = any(outcome.by_layer for outcome in group.outcomes)
    for layer in [*layers, *([EACH] if by_layer else [])]:
        points, unscored = [], 0
        for outcome in group.outcomes:
            gain = gains[outcome.who]
            for read in list(gain.by_layer) if layer == EACH else [layer]:
                x, y = gain.at(read), outcome.at(read, gain)
                if x is None or y is None:
                    unscored += 1
                    continue
                place = {BEST: gain.best, OUTPUT: gain.output}.get(read, read)
                points.append(Point(outcome.who.pair, names[outcome.who.adapter], place, x, y))
        first = group.outcomes[0]
        units = len({p.pair if group.over == "pairs" else p.adapter for p in points})
        result, note = _correlate(points, group.over, each=layer == EACH, seed=seed)
        yield Association(
            first.kind, first.data, first.metric, first.higher_is_better, group.over, group.within, layer,
            units, unscored, tuple(points), result, note,
        )  # fmt: skip


def _correlate(points: Sequence[Point], over: str, *, each: bool, seed: int) -> tuple[SpearmanResult | None, str]:
    for name, side in (("the score", {p.y for p in points}), ("alignment", {p.x for p in points})):
        if len(points) > 1 and len(side) == 1:
            value = side.pop()
            return None, f"{name} did not change" if value == 0 else f"{name} changed by {value:+.3g} everywhere"
    units = [p.pair if over == "pairs" else p.adapter for p in points]
    slots = [(p.adapter if over == "pairs" else p.pair, p.layer if each else "") for p in points]
    try:
        return spearman([p.x for p in points], [p.y for p in points], clusters=units, slots=slots, seed=seed), ""
    except UnscorableError as err:
        return None, str(err)


def _corrected(found: list[Association]) -> list[Association]:
    tested = [a.result is not None and a.enough for a in found]
    p = [a.result.p for a, ok in zip(found, tested, strict=True) if ok and a.result]
    strict, mild = (iter(correct(p).tolist()) if p else iter(()) for correct in (holm, benjamini_hochberg))
    family = len(p)
    corrected = [replace(a, holm=next(strict), bh=next(mild)) if ok else a for a, ok in zip(found, tested, strict=True)]
    return [replace(a, verdict=_verdict(a, family)) for a in corrected]


def _verdict(found: Association, family: int) -> str:
    if not found.enough:
        units = f"1 {found.over[:-1]} is" if found.units == 1 else f"{found.units} {found.over} are"
        unscored = f"; {found.unscored} points are unscored" if found.unscored else ""
        return f"{units} too few to tell; {ENOUGH} are needed" + unscored
    result, corrected = found.result, found.holm
    if result is None or corrected is None:
        return f"cannot be told: {found.note}"
    if told(result, corrected):
        good = (result.rho > 0) == found.higher_is_better
        said = f"{'better' if good else 'worse'} where alignment gained more"
    elif result.clear and result.p < ALPHA:
        said = f"may be chance among {family} tests"
    elif result.clear and result.n > result.clusters:
        said = f"no more than the difference between {'layers' if found.layer == EACH else 'adapters'} gives"
    else:
        said = "cannot be told from none"
    return "; ".join([said, *result.notes])


def _notes(gathered: Gathered, scored: Scored, measure: str) -> Iterator[str]:
    if not scored.outcomes and not scored.apart and not scored.without:
        yield "no downstream records: `tli-bench run --tasks tli_alignment,tli_bitext --output` the same folder writes some"
    if scored.without:
        yield (
            f"{scored.without} downstream records have no adapter: nothing changed that could be related; "
            "run them with --adapter"
        )
    for title, gains in gathered.unscored.items():
        yield (
            f"{title}: {measure} of the control words is unscored in {'the 1 record' if len(gains) == 1 else f'all {len(gains)} records'}; "
            "a larger --limit, or a list with more control words, scores more"
        )
    if scored.outcomes and not gathered.gains and not gathered.unscored:
        yield "no alignment record has an adapter and control words; run `--tasks tli_alignment` with the same --adapter"
    met = {who for gains in (gathered.gains | gathered.unscored).values() for who in gains}
    alone = sorted(task for who, tasks in scored.tasks.items() if who not in met for task in tasks)
    if alone and gathered.gains:
        yield (
            f"{len(alone)} downstream records have no alignment record of the same model, precision, adapter and pair: "
            + _few(alone)
        )
    for kind, names in scored.ways.items():
        yield (
            f"{kind}: its records were not asked in the same way, so each way is correlated by itself; score all with the same "
            + ", ".join(names)
        )
    if scored.apart:
        yield f"of no one pair, so left out: {_few(sorted(scored.apart))}"
    repeated = gathered.repeated + scored.repeated
    if repeated:
        yield again(repeated)


def _cut(gathered: Gathered, scored: Scored, layers: Sequence[str]) -> Iterator[str]:
    """Which records of the first blocks alone are not read at the model's output or at its best layer."""
    asked = [name for name in layers if name in (BEST, OUTPUT)]
    for title, gains in gathered.gains.items():
        if asked and not _whole(gains) and any(outcome.who in gains for outcome in scored.outcomes):
            yield (
                f"{title}: not related at layer {', '.join(asked)}, since only the first blocks were loaded and downstream scores are of "
                "the whole model; name a layer (--layer), or score the words without --layers"
            )


def _few(names: Sequence[str], limit: int = 5) -> str:
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")
