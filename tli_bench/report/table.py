"""Boards: entries that may be compared, ranked in every scope, with the reason next to each that has no rank."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np

from tli_bench.base.collection import collection_paused
from tli_bench.base.errors import ResultError, UnscorableError
from tli_bench.base.wording import visible
from tli_bench.measures.roles import HEADLINE
from tli_bench.records import TaskScore
from tli_bench.records.audit import Gap, Side, audited, control_minus_audit
from tli_bench.records.checked import Refused, checked, refused
from tli_bench.records.contender import display_name
from tli_bench.records.disk import json_files
from tli_bench.records.downstream import is_downstream, task_scores
from tli_bench.records.lm_eval import RUN, results_in, scores_in
from tli_bench.records.schema import DownstreamRecord, Record, RunRecord
from tli_bench.records.sources import require_folder
from tli_bench.records.store import alignment_paths
from tli_bench.report.columns import AUDIT, BESIDE, FLAG, OUTPUT, OVER_BASE, Column, board_measures, columns, shown
from tli_bench.report.downstream import DownstreamScores, Joined
from tli_bench.report.entries import BoardKey, Entry, Unit, collect
from tli_bench.report.reported import Reported
from tli_bench.report.scopes import FAMILIES, Scope, scopes_for
from tli_bench.report.spread import Spread, spreads
from tli_bench.report.sweeps import Sweep
from tli_bench.report.trainings import Contest, base_units, contests
from tli_bench.stats.pseudo import clustered
from tli_bench.stats.ranks import Ranked, pair_parts, rank_entries

Words = tuple[tuple[str, str, str], ...]
MOST_TOLD = 100
"""So many lines say what was left out."""


@dataclass(frozen=True, slots=True)
class Row:
    """One entry in one scope. ranked: None with a reason in `unranked`; cells: column id to value, None for a dash.

    score: the headline of the control words, None where a pair of the scope is missing. entry: position among the board's entries.
    gap: of control and audit words, None with a reason in `unaudited`. spread: by how much the score would be another one with other
    words, pairs or seeds.
    """

    entry: int
    ranked: Ranked | None
    score: float | None
    cells: dict[str, float | None]
    unranked: str
    gap: Gap | None = None
    unaudited: str = ""
    spread: Spread = field(default_factory=Spread)

    @property
    def flagged(self) -> bool:
        """Whether control words score better than audit words by more than chance."""
        return self.gap is not None and self.gap.exceeds


@dataclass(frozen=True, slots=True)
class Section:
    """A scope with its rows: ranked ones first in order of rank and score, then the unranked."""

    scope: Scope
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """Entries under one protocol on the same words, with one section per scope. columns: those that hold any value.

    contests: what was trained from one base, compared in one scope.
    """

    key: BoardKey
    entries: tuple[Entry, ...]
    sections: tuple[Section, ...]
    columns: tuple[str, ...]
    contests: tuple[Contest, ...]


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """All that the renderers need. updated: date of the latest record, empty without one; left_out: one line each, with the reason.

    seed: of the draws that the ranks come from.
    """

    boards: tuple[Board, ...]
    sweeps: tuple[Sweep, ...]
    reported: tuple[Reported, ...]
    updated: str
    left_out: tuple[str, ...]
    seed: int = 0


def load_results(folder: Path) -> tuple[Iterable[RunRecord | Refused], list[TaskScore]]:
    """Alignment records of a folder, checked while they are streamed, and the scores of its other tasks.

    A file that fails a check stands among the records as `Refused`, whatever kind it is of. Raises ResultError if it is not a folder.
    """
    require_folder(folder)
    files = json_files(folder)
    scores: list[TaskScore] = []
    bad: list[Refused] = []
    for found in checked((path for path in files if is_downstream(path) and not path.name.startswith(".")), folder):
        if isinstance(found, DownstreamRecord):
            scores += task_scores(found, where=found.task)
        elif isinstance(found, Refused):
            bad.append(found)
    for path in files:
        if path.name.startswith("results_") and path.suffix == ".json":
            try:
                data = results_in(path)
                # What a run of ours wrote lies in records, too, which say more.
                scores += [] if RUN in data else scores_in(data, path)
            except ResultError as err:
                bad.append(refused(path, folder, err))
    return _alignment(bad, checked(alignment_paths(files), folder)), scores


def _alignment(bad: Iterable[Refused], found: Iterable[Record | Refused]) -> Iterator[RunRecord | Refused]:
    yield from bad
    yield from (item for item in found if not isinstance(item, DownstreamRecord))


@collection_paused()
def build(
    records: Iterable[RunRecord | Refused],
    *,
    scores: Iterable[TaskScore] = (),
    sweeps: Sequence[Sweep] = (),
    reported: Sequence[Reported] = (),
    seed: int = 0,
) -> Leaderboard:
    """Boards of all records, the largest first and demonstrations last; the same records give the same boards in any order."""
    collected = collect(records)
    downstream = DownstreamScores(scores)
    boards = []
    for key in sorted(collected.boards, key=lambda k: (k.demonstration, -len(collected.boards[k]), k)):
        entries = sorted(collected.boards[key].values(), key=lambda e: (e.key, e.signature.model))
        boards.append(_board(key, entries, downstream, seed=seed))
    dates = [u.created for board in boards for entry in board.entries for u in entry.units.values()]
    return Leaderboard(
        tuple(boards), tuple(sweeps), tuple(reported), max(dates, default="")[:10], _counted(collected.left_out), seed
    )


def _counted(left_out: Iterable[str]) -> tuple[str, ...]:
    """Each line once with how often it was said; of very many the first ones, and how many others."""
    counted = [f"{n} x {line}" if n > 1 else line for line, n in sorted(Counter(left_out).items())]
    more = [f"{len(counted) - MOST_TOLD:,} more"] if len(counted) > MOST_TOLD else []
    return (*counted[:MOST_TOLD], *more)


def _board(key: BoardKey, entries: Sequence[Entry], downstream: DownstreamScores, *, seed: int) -> Board:
    words, bases = _reference_words(entries), base_units(entries)
    sections, done, compared = [], {}, []
    for scope in scopes_for(pair for entry in entries for pair in entry.units):
        what = scope.pairs, scope.weights
        if what not in done:
            done[what] = _ranks(entries, scope, words, seed=seed)
        places = done[what]
        joined = downstream.of(entries, scope)
        spread = spreads(entries, scope, {i: place for i, (place, _) in places.items()})
        rows = [_row(i, entry, scope, *places[i], bases[i], joined[i], spread[i]) for i, entry in enumerate(entries)]
        fit = {i for i, (place, _) in places.items() if place}
        if scope.id != FAMILIES:
            compared += contests(entries, scope, fit, bases, joined)
        shown = [row for row in rows if any(p in entries[row.entry].units for p in scope.pairs)]
        sections.append(Section(scope, tuple(sorted(shown, key=_place))))
    # A row that was never audited says so, also where none was.
    used = {AUDIT} if audited(key.lexicon) else set()
    used |= {name for s in sections for row in s.rows for name, value in row.cells.items() if value is not None}
    return Board(key, tuple(entries), tuple(sections), tuple(c.id for c in columns() if c.id in used), tuple(compared))


def _place(row: Row) -> tuple[int, float, int]:
    return (row.ranked.rank if row.ranked else 10**9, -(row.score if row.score is not None else -9.0), row.entry)


def _reference_words(entries: Sequence[Entry]) -> dict[str, Words]:
    """The words each pair is ranked on: those that most unreserved entries were scored on."""
    counts: dict[str, Counter[Words]] = {}
    for entry in entries:
        for pair, unit in entry.units.items():
            if not entry.key.flags and unit.score is not None:
                counts.setdefault(pair, Counter())[unit.words] += 1
    return {
        pair: max(found.items(), key=lambda item: (item[1], len(item[0]), item[0]))[0] for pair, found in counts.items()
    }


def _ranks(
    entries: Sequence[Entry], scope: Scope, words: dict[str, Words], *, seed: int
) -> dict[int, tuple[Ranked | None, str]]:
    found: dict[int, tuple[Ranked | None, str]] = {i: (None, _why_not(e, scope, words)) for i, e in enumerate(entries)}
    fit = [i for i, (_, reason) in found.items() if not reason]
    if not fit:
        return found
    values = [np.stack([entries[i].units[pair].pseudo[HEADLINE] for i in fit], axis=1) for pair in scope.pairs]
    concepts = [[word[0] for word in words[pair]] for pair in scope.pairs]
    _, columns = clustered(values, concepts, weights=scope.weights)
    try:
        ranked = rank_entries(columns, parts=pair_parts(values, scope.shares), seed=seed)
    except UnscorableError as err:
        return found | {i: (None, str(err)) for i in fit}
    return found | {i: (place, "") for i, place in zip(fit, ranked, strict=True)}


def _why_not(entry: Entry, scope: Scope, words: dict[str, Words]) -> str:
    """Why an entry has no rank in a scope; empty when it has one."""
    if entry.key.flags:
        return ", ".join(entry.key.flags)
    there = [pair for pair in scope.pairs if pair in entry.units]
    if there and all(entry.units[pair].missing for pair in there):
        return entry.units[there[0]].missing
    if len(there) < len(scope.pairs):
        return f"{len(there)} of {len(scope.pairs)} pairs"
    for pair in there:
        unit = entry.units[pair]
        if unit.score is None:
            return unit.missing
        if unit.words != words.get(pair):
            return f"{pair}: other words than the rest"
    return ""


def _row(
    index: int,
    entry: Entry,
    scope: Scope,
    ranked: Ranked | None,
    reason: str,
    bases: dict[str, Unit],
    joined: Joined,
    spread: Spread,
) -> Row:
    units = [entry.units[pair] for pair in scope.pairs if pair in entry.units]
    complete = len(units) == len(scope.pairs)
    scores = [u.score for u in units]

    def mean(values: Sequence[float | None]) -> float | None:
        if not complete or not values or None in values:
            return None
        return scope.mean(cast("Sequence[float]", values))

    before = [bases[u.pair].score if u.pair in bases else None for u in units]
    changes = [None if s is None or b is None else s - b for s, b in zip(scores, before, strict=True)]
    gap, unaudited = _gap(entry, units, scope)
    cells = {
        AUDIT: gap.audit if gap else None,
        OVER_BASE: mean(changes),
        OUTPUT: mean([u.output_score for u in units]),
        **{name: mean([u.values.get(name) for u in units]) for name in (*board_measures(), *BESIDE)},
        **joined,
    }
    return Row(index, ranked, mean(scores), cells, visible(reason), gap, visible(unaudited), spread)


def _gap(entry: Entry, units: Sequence[Unit], scope: Scope) -> tuple[Gap | None, str]:
    """Control minus audit over all pairs of a scope, or why there is none."""
    audits = [entry.audits[pair] for pair in scope.pairs if pair in entry.audits]
    if not audits:
        return None, "audit words were not scored" if audited(
            entry.signature.lexicon
        ) else "this lexicon has no audit words"
    if len(units) < len(scope.pairs) or len(audits) < len(scope.pairs):
        return None, f"audit words were scored on {len(audits)} of {len(scope.pairs)} pairs"
    try:
        weights = dict(zip(scope.pairs, scope.weights, strict=True)) if scope.weights else None
        return control_minus_audit(_sides(units), _sides(audits), weights=weights), ""
    except (ResultError, UnscorableError) as err:
        return None, str(err)


def _sides(units: Sequence[Unit]) -> dict[str, Side]:
    return {unit.pair: side for unit in units if (side := unit.side)}


def board_label(key: BoardKey) -> str:
    """What a board is of, safe on one line; a demonstration says that it is one."""
    said = visible(f"protocol {key.protocol}, lexicon {key.lexicon} ({key.lexicon_hash[:8]})")
    return f"demonstration, not real models: {said}" if key.demonstration else said


def cell_text(column: Column, row: Row) -> str:
    """The value of a column as every format prints it, with the flag behind an audit value."""
    return shown(column, row.cells.get(column.id)) + (f" {FLAG}" if column.id == AUDIT and row.flagged else "")


def rank_text(row: Row) -> str:
    """`2`, `1=` for a tie, a dash without a rank."""
    return "–" if row.ranked is None else f"{row.ranked.rank}{'=' if row.ranked.tied else ''}"


def interval_text(row: Row) -> str:
    """The 95 % interval of the rank, `1–3`; a dash without a rank."""
    return places_text(row.ranked.rank_interval if row.ranked else None)


def places_text(places: tuple[int, int] | None) -> str:
    """Ranks from the lowest to the highest, `1–3` or `2`; a dash for none."""
    if places is None:
        return "–"
    low, high = places
    return str(low) if low == high else f"{low}–{high}"


def model_label(entry: Entry) -> str:
    """Model as people know it, safe on one line; for a fully fine-tuned model, what it was tuned from."""
    training = entry.signature.training
    return visible(display_name(training.base) if training and entry.kind == "full" else entry.key.model, limit=80)


def training_label(entry: Entry) -> str:
    """Name of the adapter or of the fully fine-tuned model, or `base`."""
    return visible(entry.trained.name, limit=60) if entry.trained else "base"


def row_label(entry: Entry) -> str:
    """The training as a table of ranks names it: a fully fine-tuned model is marked, since its name may not say so."""
    return training_label(entry) + (" (full fine-tuning)" if entry.kind == "full" else "")
