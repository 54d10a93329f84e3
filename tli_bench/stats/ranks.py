"""Ranks that say what they do not know: who is better than whom, over all pairs of entries at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tli_bench.base.errors import UnscorableError
from tli_bench.stats.arrays import Floats
from tli_bench.stats.pseudo import MIN_WORDS, estimates

_DRAWS = 4000
_WORK = 1e8
"""Comparisons of two entries that one board may cost: with more than about 150 entries it is drawn less often. At 500 entries the
critical value then moves by about one percent from seed to seed."""
_NOTHING = 1e-7
"""A difference that rounding may leave between equal entries."""
MIN_PAIRS = 8
"""So many language pairs at least, for a word on what other pairs would give: a variance of fewer clusters is not to be trusted."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One entry's place.

    rank: 1 + the number of entries that are certainly better; tied: some other entry is neither better nor worse for certain.
    se, ci: standard error and 95 % interval of the score over concepts, by Student's t. rank_interval: from `rank` to the number of
    entries minus those that are certainly worse; all the intervals of a board hold together with 95 %. drawn_interval: the same, were
    the language pairs drawn at random as well; None under `MIN_PAIRS` pairs.
    """

    score: float
    se: float
    ci: tuple[float, float]
    rank: int
    tied: bool
    rank_interval: tuple[int, int]
    drawn_interval: tuple[int, int] | None = None


def rank_entries(columns: Floats, *, parts: Floats | None = None, seed: int = 0) -> list[Ranked]:
    """Rank entries by the mean of their pseudo-values `[n, entries]` over the same concepts, higher first.

    parts: as `pair_parts` makes them; with them, each entry has a `drawn_interval` too. Raises UnscorableError for fewer than 20
    concepts or values that are not finite.
    """
    n, count = columns.shape
    if n < MIN_WORDS:
        raise UnscorableError(f"{n} words are too few for a rank (at least {MIN_WORDS})")
    if not np.isfinite(columns).all():
        raise UnscorableError("a value is not finite; leave the entry out before ranking")
    sets = _rank_sets(separated(columns, seed=seed))
    drawn: list[tuple[int, int] | None] = [None] * count
    if parts is not None and len(parts) >= MIN_PAIRS:
        drawn = [*_rank_sets(separated(columns, parts=parts, seed=seed))]
    found = []
    for score, places, wider in zip(estimates(columns), sets, drawn, strict=True):
        assert score.ci is not None
        assert score.se is not None
        found.append(Ranked(score.value, score.se, score.ci, places[0], places[0] < places[1], places, wider))
    return found


def pair_parts(values: Sequence[Floats], shares: Floats) -> Floats:
    """What each language pair adds to a score beyond the mean over pairs, `[pairs, entries]`.

    values: for each pair, pseudo-values `[words, entries]`; shares: of each pair in the mean `[pairs]`, summing to 1.
    """
    scores = np.stack([value.mean(axis=0) for value in values])
    return np.asarray(shares[:, None] * (scores - shares @ scores))


def _rank_sets(better: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The ranks that each entry may have, lowest and highest (Mogstad et al. 2024). better: as `separated` gives it."""
    above, below = better.sum(axis=0).tolist(), better.sum(axis=1).tolist()
    return [(1 + a, len(better) - b) for a, b in zip(above, below, strict=True)]


def separated(columns: Floats, *, parts: Floats | None = None, level: float = 0.95, seed: int = 0) -> NDArray[np.bool_]:
    """Who is certainly better than whom, `[entries, entries]`: row better than column, from pseudo-values `[n, entries]`.

    So on a board of equal entries any claim at all is made with probability `1 - level`, however many entries there are.
    """
    gaps, half = differences(columns, parts=parts, level=level, seed=seed)
    return np.asarray(gaps > half + _NOTHING)


def differences(
    columns: Floats, *, parts: Floats | None = None, level: float = 0.95, seed: int = 0
) -> tuple[Floats, Floats]:
    """Row minus column for all entries, `[entries, entries]`, and the half widths of intervals that hold together, likewise.

    One critical value for all pairs of entries together: the largest |t| of all differences by Gaussian multipliers
    (max-T; Westfall & Young 1993, Chernozhukov et al. 2013), carried over to Student's t with the same tail.
    columns: pseudo-values `[n, entries]`. parts `[pairs, entries]`: as `pair_parts` makes them; with them concepts and pairs both
    count as drawn, and the variance is the sum of both ways' (Cameron, Gelbach & Miller 2011 take off what each cell adds to both; left
    in, it is never too small), with Student's t for the smaller number of the two.
    """
    n = len(columns)
    scores = columns.mean(axis=0)
    centred = columns - scores
    influence, freedom = centred / n, n - 1
    covariance = centred.T @ centred / (n - 1) / n
    if parts is not None:
        others = parts * (len(parts) / (len(parts) - 1)) ** 0.5
        influence, freedom = np.concatenate([influence, others]), min(n, len(parts)) - 1
        covariance += others.T @ others
    spread = np.diag(covariance)
    se = np.sqrt(np.maximum(spread[:, None] + spread[None, :] - 2 * covariance, 0.0))
    gaps = scores[:, None] - scores[None, :]
    live = se > _NOTHING
    if not live.any():
        return gaps, np.zeros_like(gaps)
    inverse = np.where(live, 1 / np.where(live, se, 1.0), 0.0)
    tail = min(float(special.ndtr(-_largest(influence, inverse, level, seed))), (1 - level) / 2)
    return gaps, -special.stdtrit(freedom, tail) * se


def _largest(influence: Floats, inverse: Floats, level: float, seed: int) -> float:
    """The `level` quantile of the largest |t| over all pairs of entries. influence `[n, entries]`; inverse: 1 / se, 0 for none."""
    n, count = influence.shape
    draws = int(min(_DRAWS, max(400, _WORK / count**2)))
    moved = np.random.default_rng(seed).standard_normal((draws, n)) @ influence
    rows = np.ascontiguousarray(moved.T, dtype=np.float32)
    steep, room = inverse.astype(np.float32)[:, :, None], np.empty_like(rows)
    top = np.zeros(draws, dtype=np.float32)
    for i in range(count - 1):
        gaps = np.subtract(rows[i + 1 :], rows[i], out=room[i + 1 :])
        gaps *= steep[i, i + 1 :]
        np.maximum(top, np.maximum(gaps.max(axis=0), -gaps.min(axis=0)), out=top)
    return float(np.quantile(top, level))
