"""Every ranked row against every other: the difference, an interval that holds for all of them together, and who is better for certain."""

import math
from dataclasses import dataclass

import numpy as np

from tli_bench.measures.roles import HEADLINE
from tli_bench.report.table import Board, Section
from tli_bench.stats.pseudo import clustered
from tli_bench.stats.ranks import differences

MOST = 30
"""Rows compared; of a longer table the first."""


@dataclass(frozen=True, slots=True)
class Differences:
    """rows: entries in order of rank. table: one line per row, one cell per row above it: that row minus this one, half the width of
    its interval, and 1 where they are certainly apart.
    """

    rows: tuple[int, ...]
    table: list[list[tuple[float, float, int]]]


def differences_of(board: Board, section: Section, *, seed: int) -> Differences | None:
    """The comparisons that the ranks of a section rest on; None for fewer than two ranked rows.

    The intervals hold together over all ranked rows, those beyond the first `MOST` too. Tables of more rows have comparisons over
    all pairs only.
    """
    ranked = [row.entry for row in section.rows if row.ranked]
    if len(ranked) < 2 or (len(ranked) > MOST and section.scope.kind != "overall"):
        return None
    order, scope = sorted(ranked), section.scope
    units = [board.entries[i].units for i in order]
    values = [np.stack([unit[pair].pseudo[HEADLINE] for unit in units], axis=1) for pair in scope.pairs]
    concepts = [[word[0] for word in units[0][pair].words] for pair in scope.pairs]
    _, columns = clustered(values, concepts, weights=scope.weights)
    gaps, half = differences(columns, seed=seed)
    places = [order.index(i) for i in ranked[:MOST]]
    # As the table has them, so that both round alike.
    scores = {row.entry: row.score or 0.0 for row in section.rows}
    table = [
        [
            # Rounded up: an interval is never shown narrower than it is.
            (
                round(scores[order[b]] - scores[order[a]], 3),
                math.ceil(float(half[b, a]) * 1000) / 1000,
                int(gaps[b, a] > half[b, a] + 1e-7),
            )
            for b in places[:n]
        ]
        for n, a in enumerate(places)
    ]
    return Differences(tuple(ranked[:MOST]), table)
