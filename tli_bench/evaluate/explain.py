"""Does language distance explain alignment? Scores of a run's pairs against the distance between their languages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tli_bench.base.columns import number, read_rows
from tli_bench.base.errors import InputError, UnknownNameError, UnscorableError
from tli_bench.languages import Language, resolve_language, resolve_pair
from tli_bench.lexicon.romanise import romanise
from tli_bench.measures.distance import lexical_distance
from tli_bench.measures.measure import Place
from tli_bench.measures.registry import list_measures
from tli_bench.records.run_record import RunRecord
from tli_bench.records.scores import BEST
from tli_bench.stats import SpearmanResult, spearman

ENOUGH = 10
"""Fewer pairs than this cannot tell a correlation from chance."""
LEXICAL = "lexical distance (LDND)"


@dataclass(frozen=True, slots=True)
class PairFacts:
    """One pair of a run. outcomes and distances: by name, None where one could not be computed; notes say why.

    romanised: whether the words were transliterated first, because the scripts differ.
    """

    pair: str
    same_family: bool
    same_branch: bool
    same_script: bool
    romanised: bool
    outcomes: dict[str, float | None]
    distances: dict[str, float | None]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """Rank correlation of one outcome with one distance over `n` pairs; None, with the reason, where there is none."""

    outcome: str
    distance: str
    n: int
    result: SpearmanResult | None
    note: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The pairs of one model, adapter, protocol and task kind, and what their scores correlate with."""

    title: str
    pairs: list[PairFacts]
    relations: list[Relation]


def explain(
    records: Iterable[RunRecord],
    *,
    supplied: Mapping[str, Mapping[frozenset[str], float]] | None = None,
    seed: int = 0,
) -> list[Explanation]:
    """Relate scores of each group of comparable records to distance. supplied: more distances, as `read_distances` gives.

    Raises InputError if there are no records.
    """
    groups: dict[str, list[RunRecord]] = {}
    for record in records:
        groups.setdefault(_group(record), []).append(record)
    if not groups:
        raise InputError("no records to explain; give the folder that `tli-bench run` wrote to")
    found = []
    for title, members in groups.items():
        pairs = [_facts(record, supplied or {}) for record in members]
        outcomes = list(dict.fromkeys(name for facts in pairs for name in facts.outcomes))
        distances = [LEXICAL, *(supplied or {})]
        relations = [_relation(pairs, outcome, distance, seed) for outcome in outcomes for distance in distances]
        found.append(Explanation(title, pairs, relations))
    return found


def read_distances(path: Path) -> dict[str, dict[frozenset[str], float]]:
    """Distances by column from a CSV with `lang1`, `lang2` and numbers, such as an extract of URIEL.

    Languages that the benchmark does not know are skipped. Raises InputError naming file, line and column.
    """
    rows = read_rows(path, ["lang1", "lang2"])
    columns = [name for name in rows[0].cells if name not in ("lang1", "lang2")]
    if not columns:
        raise InputError(f"{path}:1: no distance next to lang1 and lang2; add a column of numbers")
    found: dict[str, dict[frozenset[str], float]] = {name: {} for name in columns}
    for row in rows:
        try:
            key = frozenset(resolve_language(row.cells[side]).code for side in ("lang1", "lang2"))
        except UnknownNameError:
            continue
        for name in columns:
            if not row.cells[name]:
                continue
            value = number(path, row, name)
            if found[name].setdefault(key, value) != value:
                raise InputError(f"{path}:{row.line}: {name!r} of {'-'.join(sorted(key))} differs from an earlier line")
    return found


def _group(record: RunRecord) -> str:
    signature = record.signature
    parts = [signature.model, signature.revision, signature.adapter.name if signature.adapter else "no adapter"]
    parts += [signature.adapter.sha256[:8]] if signature.adapter else []
    kind = record.task.removesuffix(record.pair).strip("_")
    limit = [] if signature.limit is None else [f"limit {signature.limit}"]
    return ", ".join([*parts, signature.protocol, kind, signature.lexicon, *limit])


def _facts(record: RunRecord, supplied: Mapping[str, Mapping[frozenset[str], float]]) -> PairFacts:
    source, target = resolve_pair(record.pair)
    outcomes, notes = _outcomes(record)
    key = frozenset((source.code, target.code))
    distances: dict[str, float | None] = {LEXICAL: None}
    try:
        distances[LEXICAL] = _ldnd(record, source, target)
    except UnscorableError as err:
        notes.append(f"{LEXICAL}: {err}")
    for name, values in supplied.items():
        distances[name] = values.get(key)
        if key not in values:
            notes.append(f"{name}: no row for {record.pair}")
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


def _outcomes(record: RunRecord) -> tuple[dict[str, float | None], list[str]]:
    """The measures in a run's summary: of the base at its best layer and, with an adapter, the gain at the adapted best layer."""
    split = record.split
    found: dict[str, float | None] = {}
    for measure, name in ((m.name, m.label) for m in list_measures(Place.SUMMARY)):
        found[f"base {name}"] = record.value(measure, split, "base", BEST)
        if "adapted" in record.curves[split]:
            layer = record.layer(BEST, "adapted")
            before, after = (record.value(measure, split, state, layer) for state in ("base", "adapted"))
            found[f"gain in {name}"] = None if before is None or after is None else after - before
    return found, [f"{name}: unscored in the record" for name, value in found.items() if value is None]


def _ldnd(record: RunRecord, source: Language, target: Language) -> float:
    words = dict.fromkeys(word for words in record.words.values() for word in words.triples())
    if not words:
        raise UnscorableError("the record holds no word pairs")
    sources, targets = [word[1] for word in words], [word[2] for word in words]
    if source.script != target.script:
        sources = [romanise(word, source) for word in sources]
        targets = [romanise(word, target) for word in targets]
    return lexical_distance(sources, targets).ldnd


def _relation(pairs: Sequence[PairFacts], outcome: str, distance: str, seed: int) -> Relation:
    both = [(p.outcomes.get(outcome), p.distances.get(distance)) for p in pairs]
    usable = [(x, y) for x, y in both if x is not None and y is not None]
    n = len(usable)
    note = "" if n >= ENOUGH else f"{n} pairs are too few to tell a correlation from chance; {ENOUGH} are needed"
    try:
        result = spearman([x for x, _ in usable], [y for _, y in usable], seed=seed)
    except UnscorableError as err:
        return Relation(outcome, distance, n, None, note or str(err))
    return Relation(outcome, distance, n, result, "; ".join(part for part in (note, *result.notes) if part))
