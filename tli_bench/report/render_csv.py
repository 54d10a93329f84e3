"""The leaderboard as CSV, long form: measured rows, what was trained from one base, sweeps, and reported figures apart."""

import csv
import io
from collections.abc import Sequence

from tli_bench.measures.roles import HEADLINE
from tli_bench.report.columns import columns
from tli_bench.report.entries import BoardKey, Entry
from tli_bench.report.escape import csv_cell
from tli_bench.report.sweeps import scores_of
from tli_bench.report.table import Leaderboard, Row

_MEASURED = (
    "protocol", "lexicon", "lexicon_hash", "demonstration", "scope_kind", "scope", "pairs", "model", "revision", "training", "adapter",
    "adapter_sha256", "dtype", "quantization", "rank", "tied", "rank_low", "rank_high", f"control_{HEADLINE}", "ci_low", "ci_high",
)  # fmt: skip
_SPREAD = (
    "se_words", "sd_pairs", "without_pair_low", "without_pair_high", "place_without_low", "place_without_high", "drawn_rank_low",
    "drawn_rank_high", "sd_seeds", "trainings",
)  # fmt: skip
_AUDIT = ("control_minus_audit", "audit_ci_low", "audit_ci_high", "audit_flag", "unaudited")
_TRAININGS = (
    "protocol", "lexicon", "lexicon_hash", "demonstration", "scope_kind", "scope", "pairs", "base", "base_revision", "dtype",
    "quantization", "kind", "name", "recipe", "trained_on", "loss_layers", "rank", "parameters", "quantity", "base_value", "change",
    "ci_low", "ci_high",
)  # fmt: skip
_SWEEPS = (
    "sweep", "model", "revision", "dtype", "quantization", "lexicon", "pair", "recipe", "rank", "settings", "seed",
    "loss_layers", "parameters", "steps", "split", "quantity", "layer", "base_value", "change",
)  # fmt: skip
_REPORTED = (
    "model", "method", "pair", "words", "quantity", "protocol", "layer", "n", "before", "value", "ci_low", "ci_high", "p",
    "source", "url", "year", "recomputed", "note",
)  # fmt: skip


def render_csv(leaderboard: Leaderboard) -> str:
    """Measured rows: one line per entry and scope; numbers with six digits, empty where there is none."""
    names = [column.id for column in columns()]
    lines: list[Sequence[str]] = [(*_MEASURED, *_SPREAD, *names, *_AUDIT, "unranked")]
    for board in leaderboard.boards:
        for section in board.sections:
            for row in section.rows:
                key, place = board.entries[row.entry].key, row.ranked
                adapter = board.entries[row.entry].signature.adapter
                interval = place.rank_interval if place else (None, None)
                lines.append(
                    (
                        *_of_board(board.key),
                        section.scope.kind,
                        csv_cell(section.scope.id),
                        str(len(section.scope.pairs)),
                        csv_cell(key.model),
                        csv_cell(key.revision),
                        board.entries[row.entry].kind,
                        csv_cell(adapter.name if adapter else ""),
                        csv_cell(key.adapter),
                        *(csv_cell(text) for text in (key.dtype, key.quantization)),
                        str(place.rank) if place else "",
                        str(place.tied).lower() if place else "",
                        *("" if bound is None else str(bound) for bound in interval),
                        *(_number(v) for v in (row.score, *(place.ci if place else (None, None)))),
                        *_spread(row),
                        *(_number(row.cells.get(name)) for name in names),
                        *_told_of_audit(row),
                        csv_cell(row.unranked),
                    )
                )
    return _write(lines)


def render_trainings_csv(leaderboard: Leaderboard) -> str:
    """Changes against the base of all that were trained from it: one line per contender, scope and quantity."""
    lines: list[Sequence[str]] = [_TRAININGS]
    for board in leaderboard.boards:
        for contest in board.contests:
            base, scope = board.entries[contest.base].key, contest.scope
            shared = [
                *_of_board(board.key),
                scope.kind,
                csv_cell(scope.id),
                str(len(scope.pairs)),
                *(csv_cell(text) for text in (base.model, base.revision, base.dtype, base.quantization)),
            ]
            for row in contest.rows:
                told = _told(board.entries[row.entry], row.kind)
                for name, change in row.changes.items():
                    numbers = (
                        _number(v) for v in (contest.values.get(name), change.value, *(change.ci or (None, None)))
                    )
                    lines.append((*shared, *told, name, *numbers))
                if row.english is not None:
                    lines.append((*shared, *told, "english", "", _number(row.english), "", ""))
    return _write(lines)


def _spread(row: Row) -> list[str]:
    nothing = (None, None)
    spread, drawn = row.spread, (row.ranked and row.ranked.drawn_interval) or nothing
    scores = (spread.words, spread.pairs, *(spread.without or nothing))
    places = ("" if place is None else str(place) for place in (*(spread.places or nothing), *drawn))
    return [*map(_number, scores), *places, _number(spread.seeds), str(spread.trainings or "")]


def _told_of_audit(row: Row) -> list[str]:
    if row.gap is None:
        return ["", "", "", "", csv_cell(row.unaudited)]
    found = row.gap.difference
    return [*(_number(value) for value in (found.value, found.low, found.high)), str(row.flagged).lower(), ""]


def _told(entry: Entry, kind: str) -> list[str]:
    trained, adapter = entry.trained, entry.signature.adapter
    texts = (trained.name, trained.recipe, trained.trained_on, "+".join(trained.loss_layers)) if trained else ("",) * 4
    sizes = (adapter.rank if adapter else None, trained.trainable_parameters if trained else None)
    return [kind, *(csv_cell(text or "") for text in texts), *("" if size is None else str(size) for size in sizes)]


def render_sweeps_csv(leaderboard: Leaderboard) -> str:
    """Every training of every sweep, with its change against the base at the output and at its loss layer."""
    rows: list[Sequence[str]] = [_SWEEPS]
    scores = scores_of(leaderboard.sweeps)
    for sweep in leaderboard.sweeps:
        names = (sweep.name, sweep.model, sweep.revision, sweep.dtype, sweep.quantization or "", sweep.lexicon)
        for point in sweep.points:
            settings = " ".join(f"{key}={value}" for key, value in point.settings.items())
            told = [
                *(csv_cell(text) for text in (*names, point.pair, point.recipe)),
                "" if point.rank is None else str(point.rank),
                csv_cell(settings),
                str(point.seed),
                csv_cell("+".join(point.loss_layers)),
                str(point.parameters),
                str(point.steps),
            ]
            for measure, split, layer, _ in scores:
                name = sweep.layers[-1] if layer == "output" else point.loss_layers[-1]
                before = sweep.base[point.pair][split][measure][sweep.layers.index(name)]
                after = point.curves[split][measure][sweep.layers.index(name)]
                change = _number(after - before)
                rows.append((*told, split.value, f"{layer}_{measure}", csv_cell(name), _number(before), change))
    return _write(rows)


def render_reported_csv(leaderboard: Leaderboard) -> str:
    """Reported figures, in a file of their own."""
    lines: list[Sequence[str]] = [_REPORTED]
    for row in leaderboard.reported:
        texts = (row.model, row.method, row.pair, row.split, row.quantity, row.protocol, row.layer)
        ci = row.ci or (None, None)
        numbers = ("" if value is None else f"{value:.6g}" for value in (row.before, row.value, *ci, row.p))
        source = row.source
        lines.append(
            (
                *(csv_cell(text) for text in texts),
                "" if row.n is None else str(row.n),
                *numbers,
                csv_cell(source.title),
                source.url,
                str(source.year),
                str(source.recomputed).lower(),
                csv_cell(row.note),
            )
        )
    return _write(lines)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"


def _of_board(key: BoardKey) -> tuple[str, ...]:
    return (*map(csv_cell, (key.protocol, key.lexicon, key.lexicon_hash)), str(key.demonstration).lower())


def _write(lines: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue()
