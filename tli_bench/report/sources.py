"""Where the uncertainty of a score and of its rank comes from, in words: other words, other pairs, other seeds, each on its own."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tli_bench.report.columns import score_column, shown
from tli_bench.report.table import Row, interval_text, places_text


class Source(NamedTuple):
    """One column about uncertainty. text: what every format prints of a row, a dash where nothing is known."""

    id: str
    label: str
    about: str
    text: Callable[[Row], str]


def sources() -> tuple[Source, ...]:
    """Columns in the order in which every format shows them."""
    return (
        Source("se_words", "± words", "Standard error of the score over concepts: what its interval and its rank rest on.",
            lambda row: _number(row.spread.words)),
        Source("sd_pairs", "± pairs", "Standard deviation of the scores of the single pairs.", lambda row: _number(row.spread.pairs)),
        Source("without_pair", "One pair left out", "Lowest and highest score when any one pair is left out.", _without),
        Source("place_without", "Its place", "Places by score alone, among the ranked rows, when any one pair is left out.",
            lambda row: places_text(row.spread.places)),
        Source("drawn_rank", "Rank, pairs drawn too", "The ranks it may have were the pairs drawn at random as well. They were chosen, and "
            "they share languages: this shows how much rests on the choice, and claims nothing about other pairs.",
            lambda row: places_text(row.ranked.drawn_interval if row.ranked else None)),
        Source("sd_seeds", "± seeds", "Standard deviation over trainings of one recipe that differ by their seed; a dash for one alone.",
            lambda row: f"{_number(row.spread.seeds)} ({row.spread.trainings})" if row.spread.seeds is not None else "–"),
    )  # fmt: skip


def told_sources(name: str, rows: Sequence[Row], pairs: int, *, trained: bool) -> str:
    """Each source of the uncertainty of the first of the ranked `rows`, called `name`, and what drawing the pairs would change.

    pairs: how many the score is a mean of; trained: whether the first was trained, and so could have come out otherwise.
    """
    first, spread = rows[0], rows[0].spread
    parts = [f"other words, ±{_number(spread.words)} (standard error)"]
    if spread.without and spread.places:
        place = f"place {places_text(spread.places)} among {len(rows)}"
        parts.append(f"other pairs, {_range(spread.without)} and {place} with any one of the {pairs} left out")
    if spread.seeds is not None:
        parts.append(f"other seeds, ±{_number(spread.seeds)} (standard deviation of {spread.trainings} trainings)")
    elif trained:
        parts.append("other seeds, not known from one training")
    return f"where the uncertainty of {name} comes from: {'; '.join(parts)}{_drawn(first, rows)}"


def _drawn(first: Row, rows: Sequence[Row]) -> str:
    """What the ranks would be were the pairs drawn at random; nothing to say of few pairs or a single row."""
    both = [(row.ranked.rank_interval, row.ranked.drawn_interval) for row in rows if row.ranked]
    if len(both) < 2 or any(drawn is None for _, drawn in both):
        return ""
    moved = sum(drawn != own for own, drawn in both)
    if not moved:
        return ". Were the pairs drawn at random as well, every rank would stay"
    own = first.ranked
    assert own is not None
    place = f"rank {places_text(own.drawn_interval)} instead of {interval_text(first)}"
    what = place if own.drawn_interval != own.rank_interval else f"rank {interval_text(first)} all the same"
    return f". Were the pairs drawn at random as well, {moved} of {len(both)} ranks would be less certain; it would have {what}"


def _without(row: Row) -> str:
    return "–" if row.spread.without is None else _range(row.spread.without)


def _range(ends: tuple[float, float]) -> str:
    low, high = map(_number, ends)
    return low if low == high else f"{low}–{high}"


def _number(value: float | None) -> str:
    return shown(score_column(), value)
