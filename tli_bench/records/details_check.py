"""The details of control words, compared with what the same record states about the same words."""

from collections.abc import Iterator
from functools import cache

import numpy as np

from tli_bench.lexicon.pairs import Split
from tli_bench.measures import pool
from tli_bench.measures.registry import known_measure
from tli_bench.measures.roles import COMPANION, size_for
from tli_bench.records.details import Labels, Neighbours, WordDetails
from tli_bench.records.run_record import RunRecord

TOLERANCE = 2e-5
"""Boards may round the words' own values to five digits; one rank more or less moves a word's share of farther words by more."""


def check_details(record: RunRecord) -> Iterator[str]:
    """One line for each detail that the record's columns, strata or pseudo-values contradict."""
    details = record.details
    if details is None:
        return
    try:  # a record that was put together in memory has not been read
        details.require_fit(record.words.get(Split.CONTROL), states=record.best_layer, layers=record.layers)
    except ValueError as err:
        yield str(err)
        return
    for state, layers in details.neighbours.items():
        for layer, found in layers.items():
            where = f"control/{state}/layer {layer}"
            yield from (f"{where}: {problem}" for problem in _ranks(record, details, state, layer, found))
            yield from (f"{where}: {problem}" for problem in _wrong(record, details, found))
    yield from _strata(record, details)
    yield from _bands(record, details)


def _ranks(record: RunRecord, details: WordDetails, state: str, layer: str, found: Neighbours) -> Iterator[str]:
    """The headline and its companion are closed forms of the ranks and of how many wrong words there are."""
    n = len(record.words[Split.CONTROL])
    scores = {record.headline_of(Split.CONTROL): pool.found_among(size_for(n)), COMPANION: pool.farther_share}
    wrong, beaten = details.wrong(n), found.beaten()
    for name, score in scores.items():
        stated = record.column(name, Split.CONTROL, state, layer)
        if stated is None:
            continue
        given = np.mean([score(b, w) for b, w in zip(beaten, wrong, strict=True)], axis=0)
        off = np.flatnonzero(~(np.abs(given - stated) <= TOLERANCE))
        if len(off):
            row = int(off[0])
            yield (
                f"{name} of {_word(record, row)} is {stated[row]:.6f}, but its ranks {found.rank_forward[row]} and "
                f"{found.rank_backward[row]} give {given[row]:.6f}"
                + (f" ({len(off)} such words)" if len(off) > 1 else "")
            )


def _wrong(record: RunRecord, details: WordDetails, found: Neighbours) -> Iterator[str]:
    accepted = set(details.accepted)
    for row, (target, source) in enumerate(zip(found.wrong_forward, found.wrong_backward, strict=True)):
        if row in (target, source) or (row, target) in accepted or (source, row) in accepted:
            yield f"the nearest wrong word of {_word(record, row)} is an accepted one"


def _strata(record: RunRecord, details: WordDetails) -> Iterator[str]:
    # Each group and each column is asked for by dozens of strata.
    groups = {kind: _groups(labels) for kind, labels in details.labels.items()}
    headline = record.headline_of(Split.CONTROL) if details.labels else ""
    column_of = cache(lambda state, layer: record.column(headline, Split.CONTROL, state, layer))
    for item in record.controls.strata if record.controls else []:
        if item.split is not Split.CONTROL or item.kind not in groups:
            continue
        rows = groups[item.kind].get(item.label, [])
        where = f"control/{item.state}/layer {item.layer}: {item.kind} {item.label!r}"
        if len(rows) != item.n:
            yield f"{where} has {item.n} words, but {len(rows)} are labelled so"
            continue
        column = column_of(item.state, item.layer)
        if column is not None and rows and abs(float(column[rows].mean()) - item.value) > TOLERANCE:
            yield f"{where} is given as {item.value:.6f}, but its words give {column[rows].mean():.6f}"


def _groups(labels: Labels) -> dict[str, list[int]]:
    """The positions of the words of each group."""
    found: dict[str, list[int]] = {}
    for row, place in enumerate(labels.of):
        found.setdefault(labels.names[place], []).append(row)
    return found


def _bands(record: RunRecord, details: WordDetails) -> Iterator[str]:
    for state, measures in details.bands.items():
        for name, band in measures.items():
            for layer, stated in zip(record.layers, band, strict=True):
                kept = layer in record.pseudo.get(Split.CONTROL, {}).get(state, {})
                found = record.estimate(name, Split.CONTROL, state, layer) if kept and known_measure(name) else None
                if found is None:
                    continue
                ci = found.ci
                if (ci is None) != (stated is None) or (
                    ci and stated and max(abs(x - y) for x, y in zip(ci, stated, strict=True)) > TOLERANCE
                ):
                    yield f"control/{state}/layer {layer}: band of {name} is given as {stated}, but its pseudo-values give {ci}"


def _word(record: RunRecord, row: int) -> str:
    return repr(record.words[Split.CONTROL].concepts[row][:60])
