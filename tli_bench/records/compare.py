"""Two scored states compared pair by pair on the same words, and over all pairs: difference, interval, corrected test."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tli_bench.base.errors import InputError, ResultError, UnscorableError
from tli_bench.base.wording import visible
from tli_bench.config.facts import first_difference, flags_of
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.registry import get_measure, require_tested
from tli_bench.measures.roles import CHANCE, HEADLINE
from tli_bench.models.identity import State
from tli_bench.records.columns import Floats
from tli_bench.records.compared import CompareResult, Correction, PairComparison, Side
from tli_bench.records.concluded import conclusions
from tli_bench.records.contender import runs_of
from tli_bench.records.outcomes import outcome_of
from tli_bench.records.run_record import RunRecord
from tli_bench.records.sources import iter_records
from tli_bench.stats import benjamini_hochberg, holm, minimum_detectable_effect
from tli_bench.stats.permutation import sign_flip_p
from tli_bench.stats.pseudo import difference, over_pairs


def load_side(spec: str, *, results: Path) -> Side:
    """The contender `spec`: a record, folder or submission, or the name of a model or adapter among `results`.

    `@base` or `@adapted` at the end picks the state. Without it a model's name means the model without an adapter, which any of its
    runs has scored; everything else means the adapted state where there is one.
    Raises ResultError when nothing is found, or when one name means several runs.
    """
    name, mark, wanted = spec.rpartition("@")
    if not mark or wanted not in ("base", "adapted"):
        name, wanted = spec, ""
    path = Path(name)
    pool = [record for _, record in iter_records(path if os.path.exists(path) else results)]
    if not os.path.exists(path):
        exact = [r for r in pool if name == _adapter_name(r)] or [r for r in pool if name == r.signature.model]
        if not exact:
            known = sorted({r.signature.model for r in pool} | {_adapter_name(r) for r in pool} - {""})
            raise ResultError(f"no records of {name!r} in {results}; there are: {visible(', '.join(known), limit=600)}")
        of_model = name not in {_adapter_name(r) for r in exact}
        bare = [r for r in exact if r.signature.adapter is None]
        pool = bare if bare and of_model and wanted != "adapted" else exact
        wanted = wanted or ("base" if of_model else "")
    return side_of(spec, pool, state=wanted)


def compare(
    sides: Sequence[Side],
    *,
    quantity: str = HEADLINE,
    layer: str = "best",
    split: Split = Split.CONTROL,
    correction: Correction = "holm",
) -> CompareResult:
    """Compare every later side with the first, on each task and pair that both have.

    layer: `best` (each side at the layer that dev chose for it), `output`, or a layer's name. Units that are not
    comparable are refused one by one, each with its reason. quantity: a measure with a value for each word. Raises
    ResultError when nothing at all can be compared, UnknownNameError or InputError for a quantity that cannot be.
    """
    require_tested(quantity)
    if len(sides) < 2:
        raise InputError("a comparison needs at least two sides: tli-bench compare A B")
    found = _compare(sides, quantity, layer, split, correction)
    if quantity in CHANCE:
        return replace(found, conclusions=tuple(conclusions(found)))
    why = []
    for headline in CHANCE:
        try:
            deciding = _compare(sides, headline, layer, split, correction)
        except ResultError as err:
            why.append(visible(str(err), limit=300))
            continue
        deciding = replace(deciding, conclusions=tuple(conclusions(deciding)))
        return replace(found, headline=deciding, conclusions=deciding.conclusions)
    said = f"nothing is concluded: {get_measure(HEADLINE).label} decides, and it cannot be compared here ({why[0]})"
    return replace(found, conclusions=(said,))


def _compare(sides: Sequence[Side], quantity: str, layer: str, split: Split, correction: Correction) -> CompareResult:
    first, refused, drafts = sides[0], [], []
    for other in sides[1:]:
        for key in sorted(first.records.keys() | other.records.keys()):
            try:
                drafts.append(_compare_unit(first, other, key, quantity, layer, split))
            except (ResultError, UnscorableError) as err:
                refused.append(f"{other.name}, {key[0]}: {err}")
    if not drafts:
        raise ResultError("nothing is comparable:\n  " + "\n  ".join(refused[:10] or ["the sides hold no records"]))
    rows = _corrected([draft.row for draft in drafts], correction)
    overall = _corrected(list(_overall(drafts, layer)), correction)
    return CompareResult(
        rows=tuple(rows),
        overall=tuple(overall),
        refused=tuple(refused),
        correction=correction,
        tests=sum(row.p is not None for row in rows),
        overall_tests=sum(row.p is not None for row in overall),
    )


def _adapter_name(record: RunRecord) -> str:
    return record.signature.adapter.name if record.signature.adapter else ""


def side_of(name: str, pool: Iterable[RunRecord], *, state: str = "") -> Side:
    """The contender that the records of one run make; state: `base` or `adapted`; by default the adapted one where there is one.

    Raises ResultError when the records are of several runs or do not have the state.
    """
    records: dict[tuple[str, str], RunRecord] = {}
    mixed: list[str] = []
    pool = list(pool)
    for record in pool:
        signature = record.signature
        key = (record.task + f" [{signature.protocol}]", record.pair)
        there = records.get(key)
        if there is not None and (field := first_difference(there.signature, signature)):
            ours, theirs = getattr(there.signature, field), getattr(signature, field)
            mixed.append(f"{key[0]} with {field} {ours!r} and with {theirs!r}")
        if there is None or there.created <= record.created:
            records[key] = record
    runs = runs_of(pool)
    if len(runs) > 1:
        raise ResultError(
            f"{name!r} means {len(runs)} runs: {visible('; '.join(runs), limit=600)}; give the folder of one run"
        )
    if mixed:
        raise ResultError(
            f"{name!r} holds one unit under two conditions: {visible(mixed[0], limit=400)}; give the file of one record"
        )
    adapted = any("adapted" in record.best_layer for record in records.values())
    if state == "adapted" and not adapted:
        raise ResultError(f"{name!r}: these records have no adapted state; leave `@adapted` out")
    chosen: State = "adapted" if state == "adapted" or (adapted and not state) else "base"
    return Side(name, chosen, records)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A comparison that is not corrected yet, with the pseudo-values of both sides `[n]` by concept."""

    row: PairComparison
    kind: str
    a: dict[str, float]
    b: dict[str, float]


def _compare_unit(a: Side, b: Side, key: tuple[str, str], quantity: str, layer: str, split: Split) -> _Draft:
    if key not in a.records or key not in b.records:
        raise ResultError(f"only {a.name if key in a.records else b.name} has it")
    ours, theirs = a.records[key], b.records[key]
    ours.signature.require_comparable(theirs.signature)
    layer_a, x = _column(ours, a.state, layer, split, quantity)
    layer_b, y = _column(theirs, b.state, layer, split, quantity)
    words, others = list(ours.words[split].triples()), list(theirs.words[split].triples())
    if set(words) != set(others):
        odd = min(set(words) ^ set(others))
        raise ResultError(
            f"not comparable: the words differ, {' / '.join(odd)} is in only one of them; score both on the same words"
        )
    place = {word: row for row, word in enumerate(others)}
    y = y[[place[word] for word in words]]
    about = {
        "a": a.name,
        "b": b.name,
        "task": ours.task,
        "pair": ours.pair,
        "protocol": ours.signature.protocol,
        "pairs": 1,
        "quantity": quantity,
        "reservations": tuple(dict.fromkeys([*_reservations(ours, a.state), *_reservations(theirs, b.state)])),
    }
    row = _row(x, y, split=split, layer_a=layer_a, layer_b=layer_b, **about)
    concepts = [word[0] for word in words]
    kind = f"{ours.kind} [{ours.signature.protocol}]"
    return _Draft(row, kind, dict(zip(concepts, x, strict=True)), dict(zip(concepts, y, strict=True)))


def _reservations(record: RunRecord, state: State) -> tuple[str, ...]:
    return flags_of(record.signature, adapter=state == "adapted")


def _row(x: Floats, y: Floats, **about: Any) -> PairComparison:
    """The comparison of pseudo-values `[n]` of two sides over the same concepts."""
    found = difference(x, y)
    tested = found.ci is not None
    spread = found.se * found.n**0.5 if found.se is not None and found.t is not None else 0.0
    return PairComparison(
        **about,
        n=found.n,
        value_a=float(x.mean()),
        value_b=float(y.mean()),
        difference=found.value,
        ci=found.ci,
        t=found.t,
        p=found.p,
        d_z=found.d_z,
        permutation_p=sign_flip_p(y - x) if tested else None,
        detectable=minimum_detectable_effect(found.n, spread) if tested and spread > 0 else None,
    )


def _overall(drafts: Sequence[_Draft], layer: str) -> Iterator[PairComparison]:
    """The mean over pairs, of each later side and kind of task that several pairs were compared of."""
    groups: dict[tuple[str, str], list[_Draft]] = {}
    for draft in drafts:
        groups.setdefault((draft.row.b, draft.kind), []).append(draft)
    for (_, kind), members in groups.items():
        if len(members) < 2:
            continue
        first = members[0].row
        (_, x), (_, y) = (over_pairs({d.row.pair: getattr(d, side) for d in members}) for side in ("a", "b"))
        about = {
            "a": first.a,
            "b": first.b,
            "task": kind,
            "pair": "",
            "protocol": first.protocol,
            "pairs": len(members),
            "quantity": first.quantity,
            "reservations": tuple(dict.fromkeys(flag for d in members for flag in d.row.reservations)),
        }
        yield _row(x, y, split=first.split, layer_a=layer, layer_b=layer, **about)


def _column(record: RunRecord, state: State, layer: str, split: Split, quantity: str) -> tuple[str, Floats]:
    """Name of the layer and one pseudo-value for each word of the split; raises ResultError or UnscorableError without them."""
    name = record.layer(layer, state)
    found = record.pseudo_column(quantity, split, state, name)
    if found is None:
        kept = record.kept_layers(split)
        there = [layer for layer in kept if record.pseudo_column(quantity, split, state, layer) is not None]
        raise ResultError(
            f"no pseudo-values of {quantity} of split {split.value} at layer {name}; kept are layers "
            f"{', '.join(there) or 'none'}{'' if record.pseudo else ' (an old record: run it again)'}"
        )
    if np.isnan(found).any():
        concept = record.words[split].concepts[int(np.isnan(found).argmax())]
        raise UnscorableError(f"{concept!r} has no {quantity}; a paired test needs every word")
    return name, found


def _corrected(rows: Sequence[PairComparison], correction: Correction) -> list[PairComparison]:
    """The rows with corrected p-values and, by the headline, what may be said."""
    tested = [i for i, row in enumerate(rows) if row.p is not None]
    adjust = {"holm": holm, "bh": benjamini_hochberg}[correction]
    adjusted = adjust([rows[i].p or 0.0 for i in tested]) if tested else ()
    by_row = {i: float(p) for i, p in zip(tested, adjusted, strict=True)}
    return [
        replace(
            row,
            p_adjusted=by_row.get(i),
            outcome=outcome_of(row.difference, row.ci, by_row.get(i)) if row.quantity in CHANCE else None,
        )
        for i, row in enumerate(rows)
    ]
