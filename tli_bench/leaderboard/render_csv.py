"""The leaderboard as CSV: one file of measured rows in long form, one of reported figures."""

import csv
import io
from collections.abc import Sequence

from tli_bench.leaderboard.columns import COLUMNS
from tli_bench.leaderboard.escape import csv_cell
from tli_bench.leaderboard.table import Leaderboard

_MEASURED = (
    "protocol", "lexicon", "lexicon_hash", "scope_kind", "scope", "pairs", "model", "revision", "adapter",
    "adapter_sha256", "dtype", "quantization", "rank", "tied", "rank_low", "rank_high", "control_gap", "ci_low", "ci_high",
)  # fmt: skip
_REPORTED = (
    "model", "method", "pair", "words", "quantity", "protocol", "layer", "n", "before", "value", "ci_low", "ci_high", "p",
    "source", "url", "year", "recomputed", "note",
)  # fmt: skip


def render_csv(leaderboard: Leaderboard) -> str:
    """Measured rows: one line an entry and scope; numbers with six digits, empty where there is none."""
    lines: list[Sequence[str]] = [(*_MEASURED, *(c.id for c in COLUMNS), "unranked")]
    for board in leaderboard.boards:
        for section in board.sections:
            for row in section.rows:
                key, place = board.entries[row.entry].key, row.ranked
                adapter = board.entries[row.entry].signature.adapter
                interval = place.rank_interval if place else (None, None)
                lines.append(
                    (
                        *(csv_cell(text) for text in (board.key.protocol, board.key.lexicon, board.key.lexicon_hash)),
                        section.scope.kind,
                        csv_cell(section.scope.id),
                        str(len(section.scope.pairs)),
                        *(csv_cell(t) for t in (key.model, key.revision, adapter.name if adapter else "", key.adapter)),
                        *(csv_cell(text) for text in (key.dtype, key.quantization)),
                        str(place.rank) if place else "",
                        str(place.tied).lower() if place else "",
                        *("" if bound is None else str(bound) for bound in interval),
                        *(_number(v) for v in (row.score, *(place.ci if place else (None, None)))),
                        *(_number(row.cells.get(column.id)) for column in COLUMNS),
                        csv_cell(row.unranked),
                    )
                )
    return _write(lines)


def render_reported_csv(leaderboard: Leaderboard) -> str:
    """Reported figures, a file of their own."""
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


def _write(lines: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue()
