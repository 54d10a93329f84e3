"""Does language distance explain alignment? Scores of a run's pairs against the distance between their languages."""

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tli_bench.base.errors import InputError, ResultError, UnscorableError
from tli_bench.base.wording import counted, counted_are
from tli_bench.evaluate.distances import distance_of
from tli_bench.evaluate.fixed_layer import DEV, dev_layer
from tli_bench.evaluate.measured import adapter_flags, title_of
from tli_bench.languages import Language, resolve_pair
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.measure import Place
from tli_bench.measures.registry import get_measure, list_measures
from tli_bench.measures.roles import HEADLINE
from tli_bench.models.identity import alike
from tli_bench.records.columns import Curve
from tli_bench.records.run_record import RunRecord
from tli_bench.records.scores import OUTPUT
from tli_bench.records.task_pairs import unordered
from tli_bench.stats import SpearmanResult, holm, spearman
from tli_bench.stats.crossed import variance_components

ENOUGH = 10
"""Fewer pairs than this cannot tell a correlation from chance."""
ALPHA = 0.05
LEXICAL = "lexical distance (LDND)"
BASE, GAIN = "base", "gain in"


@dataclass(frozen=True, slots=True)
class Note:
    """Why a pair has no value of one outcome or distance."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class PairFacts:
    """One pair of a base. outcomes and distances: by name, None where one could not be computed; notes say why.

    romanised: whether the words were transliterated first, because the scripts differ.
    """

    pair: str
    same_family: bool
    same_branch: bool
    same_script: bool
    romanised: bool
    outcomes: dict[str, float | None]
    distances: dict[str, float | None]
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """Rank correlation of one outcome with one distance over `n` pairs; None, with the reason, where there is none.

    holm: p corrected over all relations of its explanation that could be tested; None where too few pairs say nothing.
    """

    outcome: str
    distance: str
    n: int
    result: SpearmanResult | None
    note: str
    holm: float | None = None


@dataclass(frozen=True, slots=True)
class Effects:
    """Variance components of the headline, or of its gain, over crossed pairs, layers and, of several trainings, seeds.

    levels: how many of each factor; shares: of the variance by each factor, then of the rest (interactions and noise).
    """

    outcome: str
    levels: dict[str, int]
    shares: dict[str, float]

    def __str__(self) -> str:
        counts = ", ".join(counted(count, name) for name, count in self.levels.items())
        parts = ", ".join(f"{name} {share:.0%}" for name, share in self.shares.items())
        return f"spread of {self.outcome} over {counts}: {parts} (crossed random effects, by moments)"


@dataclass(frozen=True, slots=True)
class Explanation:
    """The pairs of one base, protocol and task kind with the gain by each of its adapters, and what they correlate with.

    adapters: whose gains are related. layer: the one at which every pair was read, base and gains alike. tested: how many
    relations were tested, which is the family that is corrected together: the base's, once, and every adapter's gains. found:
    those that are left after correction, with an interval that excludes zero. effects: where the spread of an outcome over pairs and
    layers comes from. repeated: records that a later one of the same pair and adapter replaces.
    """

    title: str
    adapters: tuple[str, ...]
    layer: str
    pairs: list[PairFacts]
    relations: list[Relation]
    effects: list[Effects]
    repeated: int = 0

    @property
    def tested(self) -> int:
        """How many relations were tested and corrected together."""
        return sum(relation.holm is not None for relation in self.relations)

    @property
    def found(self) -> list[Relation]:
        """The relations that are left after correction, with an interval that excludes zero."""
        return [r for r in self.relations if r.result is not None and r.holm is not None and told(r.result, r.holm)]

    @property
    def conclusion(self) -> str:
        """What may be said, with the number of relations that were tested."""
        if not self.tested:
            if len(self.pairs) < ENOUGH:
                return f"no relation was tested: fewer than {ENOUGH} pairs cannot tell a correlation from chance"
            return f"no relation was tested: none has values that differ of at least {ENOUGH} pairs"
        names = "; ".join(f"{r.outcome} with {r.distance} (Holm p = {r.holm:.2g})" for r in self.found)
        left = "1 is left" if len(self.found) == 1 else f"{len(self.found)} are left"
        said = f"of {self.tested} relations tested at layer {self.layer}, {left} after correction, with an interval that excludes zero"
        return f"{said} (Holm; one family: {self._family})" + (f": {names}" if names else "")

    @property
    def _family(self) -> str:
        count = len(self.adapters)
        gains = f" and the gain by {'its adapter' if count == 1 else f'each of {count} adapters'}" if count else ""
        return f"the base{gains}, each measure with each distance"


def explain(
    records: Iterable[RunRecord],
    *,
    supplied: Mapping[str, Mapping[frozenset[str], float]] | None = None,
    layer: str = DEV,
    seed: int = 0,
) -> list[Explanation]:
    """Relate scores of each group of comparable records to distance. supplied: more distances, as `read_distances` gives.

    layer: the one at which base and gain of all pairs are read: `output`, a name, or `dev`, the layer that the dev words choose
    for the mean of the pairs of the base. Never a layer for each pair: that would relate distance to the choice of layers.
    Raises InputError if there are no records, ResultError for a layer that they do not have.
    """
    groups: dict[str, list[RunRecord]] = {}
    for record in records:
        # Of a list without control words, what is read is no gain on unseen words.
        words = "" if record.split is Split.CONTROL else f", {record.split} words in place of control words"
        groups.setdefault(title_of(record, adapter=False) + words, []).append(record)
    if not groups:
        raise InputError("no records to explain; give the folder that `tli-bench run` wrote to")
    return [_explained(title, members, supplied or {}, layer, seed) for title, members in groups.items()]


def _explained(
    title: str,
    members: Sequence[RunRecord],
    supplied: Mapping[str, Mapping[frozenset[str], float]],
    layer: str,
    seed: int,
) -> Explanation:
    latest = _latest(members)
    by_training = _trainings(latest)
    # The base of a record with an adapter lacks the control words that the adapter saw.
    bases = {
        unordered(record.pair): record
        for name in (*(n for n in by_training if n), "")
        for record in by_training.get(name, ())
    }
    read = _layer(list(bases.values()), layer)
    adapters = tuple(name for name in by_training if name)
    gains = {name: {unordered(record.pair): record for record in by_training[name]} for name in adapters}
    pairs = [
        _facts(base, {name: own[pair] for name, own in gains.items() if pair in own}, supplied, read, adapters)
        for pair, base in bases.items()
    ]
    outcomes = list(dict.fromkeys(name for facts in pairs for name in facts.outcomes))
    relations = [_relation(pairs, outcome, distance, seed) for outcome in outcomes for distance in (LEXICAL, *supplied)]
    effects = [_effects([list(bases.values())], BASE)]
    effects += [_effects([by_training[name]], GAIN, _by(name, adapters)) for name in adapters]
    shown, repeated = [item for item in effects if item], len(members) - len(latest)
    return Explanation(title, adapters, read, pairs, _corrected(relations), shown, repeated)


def _latest(members: Sequence[RunRecord]) -> list[RunRecord]:
    """The last record of each pair under each adapter: whichever way round its languages are, a pair counts once."""
    found: dict[tuple[str, str], RunRecord] = {}
    for record in members:
        adapter = record.signature.adapter
        key = adapter.sha256 if adapter else "", unordered(record.pair)
        if key not in found or found[key].created <= record.created:
            found[key] = record
    return list(found.values())


def _trainings(members: Sequence[RunRecord]) -> dict[str, list[RunRecord]]:
    """Records by adapter, an empty name for the base alone; an adapter that shares its name has the start of its hash."""
    names: dict[str, str] = {}
    for record in members:
        if adapter := record.signature.adapter:
            names[adapter.sha256] = adapter.name
    found: dict[str, list[RunRecord]] = {}
    for record in members:
        adapter = record.signature.adapter
        name = adapter.name if adapter else ""
        if adapter and list(names.values()).count(name) > 1:
            name = f"{name} {adapter.sha256[:8]}"
        if flags := adapter_flags(record):
            name = f"{name} ({', '.join(flags)})"
        found.setdefault(name, []).append(record)
    return found


def _by(adapter: str, adapters: Sequence[str]) -> str:
    """What tells the gain by one of several adapters; nothing where there is one."""
    return f" by {adapter}" if len(adapters) > 1 else ""


def over_seeds(records: Iterable[RunRecord]) -> list[tuple[str, Effects]]:
    """Where the gain's spread comes from, of each recipe of which several trainings were scored: pair, layer or seed."""
    recipes: dict[tuple[str, Hashable], list[RunRecord]] = {}
    for record in records:
        adapter = record.signature.adapter
        if adapter is not None:
            recipes.setdefault((title_of(record, adapter=True), alike(adapter)), []).append(record)
    found = []
    for (title, _), members in recipes.items():
        trainings: dict[str, list[RunRecord]] = {}
        for record in _latest(members):
            if adapter := record.signature.adapter:
                trainings.setdefault(adapter.sha256, []).append(record)
                recipe = f"{adapter.recipe or 'no recipe'} on {adapter.trained_on or 'unknown words'}"
        effects = _effects(list(trainings.values()), GAIN) if len(trainings) > 1 else None
        if effects:
            found.append((f"{title}; {recipe}", effects))
    return found


def _effects(trainings: Sequence[Sequence[RunRecord]], outcome: str, by: str = "") -> Effects | None:
    """Components of the base's headline or of its gain, in cells of pair, layer and training; None where cells are missing."""
    by_pair = [{unordered(record.pair): record for record in members} for members in trainings]
    shared = [pair for pair in by_pair[0] if all(pair in own for own in by_pair)]
    if len(shared) < 2:
        return None
    curves = [[_curve(own[pair], outcome) for pair in shared] for own in by_pair]
    if len({len(curve) for training in curves for curve in training}) != 1:
        return None
    cells = np.array(curves).transpose(1, 2, 0)  # pair, layer, training
    cells = cells[:, np.isfinite(cells).all(axis=(0, 2))]
    levels = dict(zip(("pair", "layer", "seed"), cells.shape, strict=True))
    if cells.shape[2] == 1:
        cells, levels = cells[:, :, 0], {name: count for name, count in levels.items() if name != "seed"}
    try:
        parts = variance_components(cells)
    except UnscorableError:
        return None
    label = get_measure(HEADLINE).label
    shares = dict(zip(levels, parts.shares, strict=True)) | {"rest": parts.rest_share}
    return Effects(f"{outcome} {label}{by}", levels, shares)


def _curve(record: RunRecord, outcome: str) -> list[float]:
    """The headline of the base, or its gain, at every layer; NaN where unscored."""
    before, after = (record.curve(HEADLINE, record.split, state) for state in ("base", "adapted"))
    empty: Curve = [None] * len(record.layers)
    if outcome == BASE:
        return [math.nan if x is None else x for x in before or empty]
    pairs = zip(before or empty, after or empty, strict=True)
    return [math.nan if x is None or y is None else y - x for x, y in pairs]


def _layer(records: Sequence[RunRecord], asked: str) -> str:
    """The one layer at which all of a group's pairs are read."""
    names = records[0].layers
    if asked == OUTPUT:
        return names[-1]
    if asked != DEV:
        if asked not in names:
            raise ResultError(f"no layer {asked!r}; choose {DEV}, {OUTPUT} or one of {', '.join(names)}")
        return asked
    return dev_layer(names, [record.curves.get(Split.DEV, {}).get("base", {}) for record in records])


def told(result: SpearmanResult, corrected: float) -> bool:
    """Whether a correlation, with distance or downstream scores, is told: its corrected p is below 0.05 and its interval excludes zero."""
    return corrected < ALPHA and result.clear


def _corrected(relations: Sequence[Relation]) -> list[Relation]:
    """Holm's correction over the relations that have enough pairs to be tested."""
    tested = [i for i, r in enumerate(relations) if r.result is not None and r.n >= ENOUGH]
    p = [r.result.p for r in relations if r.result is not None and r.n >= ENOUGH]
    adjusted = dict(zip(tested, holm(p).tolist(), strict=True)) if p else {}
    return [_noted(replace(relation, holm=adjusted.get(i))) for i, relation in enumerate(relations)]


def _noted(relation: Relation) -> Relation:
    """Says why a relation with a small p is not among those that are left."""
    result, corrected = relation.result, relation.holm
    if result is None or result.ci is None or corrected is None or corrected >= ALPHA or result.clear:
        return relation
    return replace(relation, note="; ".join(filter(None, [relation.note, "its interval holds zero"])))


def _facts(
    record: RunRecord,
    adapted: Mapping[str, RunRecord],
    supplied: Mapping[str, Mapping[frozenset[str], float]],
    layer: str,
    adapters: Sequence[str],
) -> PairFacts:
    """record: of the base; adapted: by adapter, where the pair was scored with it."""
    source, target = resolve_pair(record.pair)
    outcomes, notes = _outcomes(record, adapted, layer, adapters)
    key = frozenset((source.code, target.code))
    distances: dict[str, float | None] = {LEXICAL: None}
    try:
        distances[LEXICAL] = _ldnd(record, source, target)
    except UnscorableError as err:
        notes.append(Note(LEXICAL, str(err)))
    for name, values in supplied.items():
        distances[name] = values.get(key)
        if key not in values:
            notes.append(Note(name, "no value in the table"))
    return PairFacts(
        pair=record.pair,
        same_family=source.related(target),
        same_branch=source.same_branch(target),
        same_script=source.script == target.script,
        romanised=source.script != target.script,
        outcomes=outcomes,
        distances=distances,
        notes=tuple(notes),
    )


def _outcomes(
    record: RunRecord, adapted: Mapping[str, RunRecord], layer: str, adapters: Sequence[str]
) -> tuple[dict[str, float | None], list[Note]]:
    """The measures in a run's summary at one layer: of the base, and the gain by each adapter."""
    found: dict[str, float | None] = {}
    for measure, name in ((m.name, m.label) for m in list_measures(Place.SUMMARY)):
        found[f"{BASE} {name}"] = record.value(measure, record.split, "base", layer)
        for adapter in adapters:
            before, after = (
                adapted[adapter].value(measure, record.split, state, layer) if adapter in adapted else None
                for state in ("base", "adapted")
            )
            gain = None if before is None or after is None else after - before
            found[f"{GAIN} {name}{_by(adapter, adapters)}"] = gain
    return found, [Note(name, "unscored in the record") for name, value in found.items() if value is None]


def _ldnd(record: RunRecord, source: Language, target: Language) -> float:
    words = dict.fromkeys(word for words in record.words.values() for word in words.triples())
    if not words:
        raise UnscorableError("the record holds no word pairs")
    return distance_of([word[1] for word in words], [word[2] for word in words], source, target)


def _relation(pairs: Sequence[PairFacts], outcome: str, distance: str, seed: int) -> Relation:
    both = [(p.outcomes.get(outcome), p.distances.get(distance)) for p in pairs]
    usable = [(x, y) for x, y in both if x is not None and y is not None]
    n = len(usable)
    note = (
        ""
        if n >= ENOUGH
        else f"{counted_are(n, 'pair')} too few to tell a correlation from chance; {ENOUGH} are needed"
    )
    try:
        result = spearman([x for x, _ in usable], [y for _, y in usable], seed=seed)
    except UnscorableError as err:
        return Relation(outcome, distance, n, None, note or str(err))
    return Relation(outcome, distance, n, result, "; ".join(part for part in (note, *result.notes) if part))
