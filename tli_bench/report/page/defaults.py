"""Which columns a reader sees before choosing any: enough to judge a row by, few enough to be read."""

from tli_bench.measures.roles import SUBSET
from tli_bench.report.columns import AUDIT, NET_OF_TWIN, OVER_BASE, Column, columns
from tli_bench.report.table import Board

MOST = 7
"""Columns at most, with rank, model and score."""
_FIRST = (AUDIT, OVER_BASE, NET_OF_TWIN, SUBSET)
"""Does the score hold on sealed words, did training raise it, was that the right pairs, and is it more than spelling?"""


def default_columns(board: Board) -> tuple[Column, ...]:
    """Those of a board next to rank, model and score."""
    return tuple(column for column in columns() if column.id in _FIRST and column.id in board.columns)
