"""What may be said of a whole run: the mean over its pairs, each at the layer that dev chose for it, and at the output."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tli_bench.lexicon.pairs import Split
from tli_bench.measures.registry import get_measure
from tli_bench.measures.roles import CHANCE, SUBSET, agreeing_with, headline_for
from tli_bench.models.identity import State
from tli_bench.records.evidence import Part, change_of, floors_of, spelled_unlike
from tli_bench.records.framing import why_withheld
from tli_bench.records.run_record import RunRecord
from tli_bench.records.scores import BEST, OUTPUT
from tli_bench.records.trained import trained_here
from tli_bench.stats.arrays import Floats
from tli_bench.stats.pseudo import over_pairs
from tli_bench.stats.verdict import (
    Change,
    ChangeEvidence,
    StateEvidence,
    Verdict,
    change_verdicts,
    state_verdicts,
)

PLACES = {BEST: "each pair's layer by dev", OUTPUT: "output"}
"""Where the pairs are read, by role, and what that is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overall:
    """The verdicts of one kind of task under one protocol.

    pairs: those that count; left_out: those that do not, each with the reason. concepts: how many the mean is over; a concept
    counts once, however many pairs it is in. verdicts: by the name of the place, as in `PLACES`.
    """

    kind: str
    protocol: str
    split: Split
    pairs: tuple[str, ...]
    left_out: tuple[str, ...]
    concepts: int
    verdicts: dict[str, Verdict]


def overall(records: Sequence[RunRecord]) -> list[Overall]:
    """The verdicts over pairs of each kind of task and protocol that several pairs were scored of."""
    groups: dict[tuple[str, str, State, Split], list[RunRecord]] = {}
    for record in records:
        groups.setdefault((record.kind, record.signature.protocol, record.state, record.split), []).append(record)
    found = (_overall(*key, members) for key, members in groups.items())
    return [item for item in found if item is not None]


def as_json(found: Sequence[Overall]) -> list[dict[str, Any]]:
    """The verdicts as plain data."""
    return [asdict(item) for item in found]


def _overall(kind: str, protocol: str, state: State, split: Split, records: Sequence[RunRecord]) -> Overall | None:
    # The smallest list decides which size of retrieval is the headline of all.
    headline = headline_for(min(len(r.words[split]) if split in r.words else 0 for r in records))
    usable, left_out = [], []
    for record in records:
        why = why_withheld(record.controls) or _lacks(record, headline, state, split)
        (left_out.append(f"{record.pair}: {why}") if why else usable.append(record))
    if len(usable) < 2:
        return None
    judged = _change_of if state == "adapted" else _state_of
    verdicts = judged(usable, headline, split)
    concepts = {concept for record in usable for concept in record.words[split].concepts}
    return Overall(
        kind=kind,
        protocol=protocol,
        split=split,
        pairs=tuple(record.pair for record in usable),
        left_out=tuple(left_out),
        concepts=len(concepts),
        verdicts=verdicts,
    )


def _lacks(record: RunRecord, headline: str, state: State, split: Split) -> str:
    """Why a record cannot count; empty where it has all that decides."""
    needed = (headline, *agreeing_with(headline)) if state == "adapted" else (headline,)
    states: tuple[State, ...] = ("base", "adapted") if state == "adapted" else ("base",)
    lacking = [
        name
        for name in needed
        if any(_column(record, name, split, own, place, state) is None for own in states for place in PLACES)
    ]
    return f"no {get_measure(lacking[0]).label}" if lacking else ""


def _change_of(records: Sequence[RunRecord], headline: str, split: Split) -> dict[str, Verdict]:
    control = _change(records, "adapted", headline, split)
    assert control is not None  # records without it were left out
    # A mean over pairs that were not all trained on is not about trained words.
    known = split is not Split.TRAIN and all(trained_here(record.signature) for record in records)
    evidence = ChangeEvidence(
        layers=list(PLACES.values()),
        label=get_measure(headline).label,
        control=control,
        twin=_change(records, "twin", headline, split),
        train=_stacked(records, headline, Split.TRAIN, "adapted", before="base") if known else None,
        floors=_floors(records),
    )
    return change_verdicts(evidence)


def _change(records: Sequence[RunRecord], after: State, headline: str, split: Split) -> Change | None:
    """The change of the mean over pairs in everything that decides; None where one pair lacks something."""
    enough = [record for record in records if spelled_unlike(record, split, "base", OUTPUT)]

    def moved(measure: str) -> Floats | None:
        return _stacked(enough if measure == SUBSET else records, measure, split, after, before="base")

    return change_of(moved, headline, subset=bool(enough))


def _state_of(records: Sequence[RunRecord], headline: str, split: Split) -> dict[str, Verdict]:
    scores = _stacked(records, headline, split, "base")
    assert scores is not None  # records without it were left out
    spelled = [record.controls.spelling.get(split) if record.controls else None for record in records]
    columns = {
        record.pair: dict(zip(record.words[split].concepts, own.pseudo, strict=True))
        for record, own in zip(records, spelled, strict=True)
        if own is not None and own.pseudo is not None and len(own.pseudo) == len(record.words[split])
    }
    evidence = StateEvidence(
        layers=list(PLACES.values()),
        label=get_measure(headline).label,
        headline=scores,
        chance=CHANCE[headline],
        spelling=over_pairs(columns)[1] if len(columns) == len(records) else None,
    )
    return state_verdicts(evidence)


def _stacked(
    records: Sequence[RunRecord], measure: str, split: Split, state: State, *, before: State | None = None
) -> Floats | None:
    """Pseudo-values `[concepts, places]` of the mean over pairs, or of its change since `before`; None where one is missing."""
    found = []
    for place in PLACES:
        columns: dict[str, Mapping[str, float]] = {}
        for record in records:
            after = _column(record, measure, split, state, place, record.state)
            start = None if before is None else _column(record, measure, split, before, place, record.state)
            if after is None or (before is not None and start is None):
                return None
            values = after if start is None else after - start
            columns[record.pair] = dict(zip(record.words[split].concepts, values, strict=True))
        found.append(over_pairs(columns)[1])
    return np.stack(found, axis=1)


def _column(record: RunRecord, measure: str, split: Split, state: State, place: str, chooser: State) -> Floats | None:
    """Pseudo-values of one state at the layer that dev chose for `chooser`, or at the output; None where one is missing."""
    if state not in record.best_layer or split not in record.words:
        return None
    return Part(record, state).pseudo(measure, split, record.layer(place, chooser))


def _floors(records: Sequence[RunRecord]) -> dict[str, float]:
    """By place, the mean of the pairs' own floors: a mean of changes is no larger than the mean of their sizes."""
    found = {}
    for place, name in PLACES.items():
        own = [floors_of(r.controls).get(r.layer(place, r.state)) for r in records]
        known = [value for value in own if value is not None]
        if len(known) == len(own):
            found[name] = float(np.mean(known))
    return found
