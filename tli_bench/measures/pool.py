"""What a pool of words says about each of them, and what would change if one concept left: exact, without a loop of retrievals.

Words that share a pool are not independent: every wrong word of one is a wrong word of the others. So an interval is
computed not from the words' own values but from delete-one-concept pseudo-values (Tukey 1958): how much the number
moves when a concept leaves as a question, as an answer and as a wrong answer of all the others.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from tli_bench.base.errors import UnscorableError
from tli_bench.measures.measure import Column

Matrix = NDArray[np.float64]
Score = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]]
"""From how many wrong words are at least as near, and how many wrong words there are, to a word's value; elementwise."""
_ROWS = 1024


class Retrieval(ABC):
    """Retrieval of each word's accepted one over a pool of `n` concepts, and what changes when one leaves, once that is asked."""

    @property
    @abstractmethod
    def beaten(self) -> NDArray[np.int64]:
        """How many wrong candidates are at least as near each word as its best accepted one `[n]`."""

    @property
    @abstractmethod
    def nearest_wrong(self) -> NDArray[np.int64]:
        """The wrong candidate that is nearest to each word, the first of several `[n]`; -1 where every word is accepted."""

    @property
    @abstractmethod
    def _accepted(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Words and candidates of the accepted pairs, word by word: hardly more than the diagonal."""

    @property
    @abstractmethod
    def _beaten_without_accepted(self) -> NDArray[np.int64]:
        """`beaten` of the word of each accepted pair once its accepted one has left: another accepted one may now be the nearest."""

    @abstractmethod
    def _times_wins(self, weights: Matrix) -> Matrix:
        """`weights` `[k, n]` times the matrix of which candidate is at least as near each word as its best accepted one `[k, n]`."""

    @cached_property
    def wrong(self) -> NDArray[np.int64]:
        """How many wrong candidates each word has `[n]`."""
        return len(self.beaten) - np.bincount(self._accepted[0], minlength=len(self.beaten))

    def totals_without(self, score: Score, counted: Matrix) -> Matrix:
        """Sum over words of `counted` `[k, n]` times their value once concept j has left the pool `[k, n]`, its own value left out.

        Whoever leaves was a wrong candidate that was nearer, a wrong one that was not, or an accepted one: three values for each
        word, so that one product with the matrix of who was nearer adds them all up.
        """
        rows, columns = self._accepted
        fewer = np.maximum(self.wrong - 1, 0)
        farther, nearer = score(self.beaten, fewer), score(np.maximum(self.beaten - 1, 0), fewer)
        totals = (counted @ farther)[:, None] + self._times_wins(counted * (nearer - farther))
        found = np.where(rows != columns, score(self._beaten_without_accepted, self.wrong[rows]), 0.0)
        for total, weights in zip(totals, counted, strict=True):
            np.add.at(total, columns, weights[rows] * (found - farther[rows]))
        return np.asarray(totals)


@dataclass(frozen=True)
class Side(Retrieval):
    """Retrieval of each row's accepted column, from a similarity matrix that is held as a whole.

    similarity, gold: `[n, n]`, the diagonal of gold true. A wrong candidate within `tolerance` of the best accepted one
    counts as nearer: a tie is a miss.
    """

    similarity: Matrix
    gold: NDArray[np.bool_]
    tolerance: float

    @cached_property
    def _accepted(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of the accepted pairs, row by row: hardly more than the diagonal."""
        n = len(self.gold)
        if self.gold.flags.c_contiguous:
            rows, columns = np.divmod(np.flatnonzero(self.gold), n)
            return rows, columns
        columns, rows = np.divmod(np.flatnonzero(self.gold.T), n)
        order = np.argsort(rows, kind="stable")
        return rows[order], columns[order]

    @cached_property
    def _best(self) -> Column:
        """Similarity of each word's nearest accepted one `[n]`."""
        rows, columns = self._accepted
        return np.asarray(
            np.maximum.reduceat(self.similarity[rows, columns], np.searchsorted(rows, range(len(self.gold))))
        )

    @cached_property
    def _wins(self) -> NDArray[np.bool_]:
        found = np.asarray(self.similarity >= (self._best - self.tolerance)[:, None])
        found[self._accepted] = False
        return found

    @cached_property
    def beaten(self) -> NDArray[np.int64]:
        """How many wrong candidates are at least as near each word as its best accepted one `[n]`."""
        return np.asarray(self._wins.sum(axis=1))

    def _times_wins(self, weights: Matrix) -> Matrix:
        return np.asarray(weights @ self._wins)

    @cached_property
    def nearest_wrong(self) -> NDArray[np.int64]:
        """The wrong candidate that is nearest to each word, the first of several `[n]`; -1 where every word is accepted."""
        found = np.empty(len(self.gold), dtype=np.int64)
        for start in range(0, len(found), _ROWS):  # a few rows at a time: no second matrix of the pool's size
            rows = slice(start, start + _ROWS)
            found[rows] = np.where(self.gold[rows], -np.inf, self.similarity[rows]).argmax(axis=1)
        return np.where(self.wrong > 0, found, -1)

    @cached_property
    def _beaten_without_accepted(self) -> NDArray[np.int64]:
        """`beaten` of the word of each accepted pair once its accepted one has left: another accepted one may now be the nearest."""
        rows, columns = self._accepted
        found = self.beaten[rows].copy()
        for cell in np.flatnonzero((np.bincount(rows, minlength=len(self.gold))[rows] > 1) & (rows != columns)):
            i = rows[cell]
            rest = self.gold[i].copy()
            rest[columns[cell]] = False
            nearest = self.similarity[i][rest].max()
            found[cell] = ((self.similarity[i] >= nearest - self.tolerance) & ~self.gold[i]).sum()
        return found


def both_sides(similarity: Matrix, gold: NDArray[np.bool_], *, tolerance: float) -> tuple[Side, Side]:
    """Retrieval from source to target, and from target to source."""
    return Side(similarity, gold, tolerance), Side(similarity.T, gold.T, tolerance)


def own_values(sides: Sequence[Retrieval], score: Score) -> Column:
    """Each word's own value `[n]`, mean over `sides`."""
    return np.mean([score(s.beaten, s.wrong) for s in sides], axis=0)


def pool_pseudo(sides: Sequence[Retrieval], score: Score, *, rows: NDArray[np.intp] | None = None) -> Column:
    """Pseudo-values `[n]` of the mean of `own_values`, or of its mean over `rows` alone, others staying in the pool."""
    return pools_pseudo(sides, score, [rows])[0]


def pools_pseudo(sides: Sequence[Retrieval], score: Score, parts: Sequence[NDArray[np.intp] | None]) -> list[Column]:
    """As `pool_pseudo`, for several parts of one pool at once. Raises UnscorableError for a part of fewer than 2 words."""
    own = own_values(sides, score)
    counted = np.stack([_counted(len(own), rows) for rows in parts])
    totals = np.mean([side.totals_without(score, counted) for side in sides], axis=0)
    return [pseudo_from(own, total, weights) for total, weights in zip(totals, counted, strict=True)]


def pseudo_of(own: Column, without: Matrix, *, rows: NDArray[np.intp] | None = None) -> Column:
    """Pseudo-values `[n]` of the mean of `own` `[n]`, with the same mean. without `[n, n]`: value of word i once concept k has left.

    rows: the words whose mean is meant; None for all. The diagonal of `without` is not read.
    Raises UnscorableError for fewer than 2 words.
    """
    counted = _counted(len(own), rows)
    return pseudo_from(own, counted @ without - counted * np.diag(without), counted)


def _counted(n: int, rows: NDArray[np.intp] | None) -> Column:
    """1 for the words whose mean is meant `[n]`, else 0."""
    if n < 2 or (rows is not None and len(rows) < 2):
        raise UnscorableError("a pseudo-value needs at least 2 words: with one gone there must be something left")
    if rows is None:
        return np.ones(n)
    counted = np.zeros(n)
    counted[rows] = 1.0
    return counted


def pseudo_from(own: Column, total: Column, counted: Column) -> Column:
    """Pseudo-values `[n]`. total: of the counted words' values once each concept has left, without its own."""
    n, left = len(own), total / (counted.sum() - counted)
    mean = float(counted @ own / counted.sum())
    pseudo = n * mean - (n - 1) * left
    return np.asarray(mean + pseudo - pseudo.mean())


def found_among(m: int) -> Score:
    """Probability that the accepted word is nearest among itself and `m - 1` wrong words, drawn without replacement.

    Of `w` wrong words `b` are at least as near, so it is C(w - b, m - 1) / C(w, m - 1); all are taken where there are fewer.
    """

    def score(beaten: NDArray[np.int64], wrong: NDArray[np.int64]) -> NDArray[np.float64]:
        # A pool of n words has n^2 entries, but few different counts: one lookup each is ten times faster than the formula.
        fewest, most, worst = int(wrong.min()), int(wrong.max(initial=0)), int(beaten.max(initial=0))
        if (most - fewest + 1) * (worst + 1) >= beaten.size:
            return formula(beaten, wrong)
        table = formula(*np.broadcast_arrays(np.arange(worst + 1), np.arange(fewest, most + 1)[:, None]))
        return np.asarray(table[wrong - fewest, beaten])

    def formula(beaten: NDArray[np.int64], wrong: NDArray[np.int64]) -> NDArray[np.float64]:
        log_factorial = gammaln(np.arange(int(wrong.max(initial=0)) + 2) + 1.0)
        k = np.minimum(m - 1, wrong)
        enough = wrong - beaten >= k
        free = np.where(enough, wrong - beaten, k)
        chosen = log_factorial[free] - log_factorial[free - k] - log_factorial[wrong] + log_factorial[wrong - k]
        return np.where(enough, np.exp(chosen), 0.0)

    return score


def farther_share(beaten: NDArray[np.int64], wrong: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of wrong words that are farther than the accepted one: the area under each word's own ROC curve, a tie a loss."""
    return np.asarray(1 - beaten / np.maximum(wrong, 1))


def within(k: int) -> Score:
    """Whether fewer than `k` wrong words are at least as near: the accepted one is among the `k` nearest."""
    return lambda beaten, wrong: (beaten < k).astype(np.float64)


def reciprocal_rank(beaten: NDArray[np.int64], wrong: NDArray[np.int64]) -> NDArray[np.float64]:
    """1 / rank of the accepted word."""
    return np.asarray(1 / (1.0 + beaten))


def mismatched_pseudo(similarity: Matrix, gold: NDArray[np.bool_]) -> Column:
    """Pseudo-values `[n]` of the mean over words of their mean similarity to wrong words, of row and column."""
    return pseudo_of(*_mismatched(similarity, gold))


def gap_pseudo(similarity: Matrix, gold: NDArray[np.bool_]) -> Column:
    """Pseudo-values `[n]` of matched minus mismatched similarity."""
    own, without = _mismatched(similarity, gold)
    matched = np.diag(similarity)
    return pseudo_of(matched - own, matched[:, None] - without)


def _mismatched(similarity: Matrix, gold: NDArray[np.bool_]) -> tuple[Column, Matrix]:
    wrong = ~gold
    sums = similarity * wrong + (similarity * wrong).T
    counts = 1.0 * wrong + wrong.T
    total, count = sums.sum(axis=1), counts.sum(axis=1)
    if not (count - counts.max(axis=1) > 0).all():
        raise UnscorableError("a pseudo-value of the mismatched cosine needs a second wrong word for every word")
    return total / count, (total[:, None] - sums) / (count[:, None] - counts)


def mexa_pseudo(similarity: Matrix, gold: NDArray[np.bool_], *, tolerance: float) -> Column:
    """Pseudo-values `[n]` of MEXA: a pair counts when no wrong word of its row or column is as near as its own."""
    own = np.diag(similarity)[:, None] - tolerance
    rivals = ((similarity >= own) & ~gold).astype(np.int64) + ((own <= similarity.T) & ~gold.T)
    count = rivals.sum(axis=1)
    return pseudo_of((count == 0).astype(np.float64), (count[:, None] - rivals == 0).astype(np.float64))


def csls_pseudo(similarity: Matrix, gold: NDArray[np.bool_], *, neighbours: int, tolerance: float) -> Column:
    """Pseudo-values `[n]` of P@1 by CSLS, mean of both directions.

    A concept that leaves is also nobody's neighbour any more, so the mean over the `neighbours` nearest changes for
    those it was a neighbour of: about `neighbours` columns a concept, so the cost stays near `neighbours` n^2.
    """
    own, without = zip(*(_csls_side(s, g, neighbours, tolerance) for s, g in ((similarity, gold), (similarity.T, gold.T))),
                       strict=True)  # fmt: skip
    return pseudo_of(np.mean(own, axis=0), np.mean(without, axis=0))


def _csls_side(similarity: Matrix, gold: NDArray[np.bool_], neighbours: int, tolerance: float) -> tuple[Column, Matrix]:
    """Hits `[n]` from rows to columns, and the hits `[n, n]` once each concept has left.

    In a row the row's own neighbourhood is the same for every column, so only the columns' neighbourhoods decide.
    """
    n = len(similarity)
    k = min(neighbours, n)
    order = np.argsort(-similarity, axis=0, kind="stable")
    nearest = np.take_along_axis(similarity, order[: min(k + 1, n)], axis=0)
    penalty = nearest[:k].mean(axis=0)
    scores = 2 * similarity - penalty
    wrong = ~gold
    best = np.where(gold, scores, -np.inf).max(axis=1)
    wins = (scores >= best[:, None] - tolerance) & wrong
    count = wins.sum(axis=1)
    without = np.empty((n, n))
    for gone in range(n):
        touched = np.flatnonzero((order[:k] == gone).any(axis=0))
        rest = k if k < n else k - 1  # a pool no larger than the neighbourhood gets a smaller one
        replaced = (
            nearest[:, touched].sum(axis=0) - similarity[gone, touched]
            if k < n
            else nearest[:k].sum(axis=0) - similarity[gone]
        )
        changed = touched if k < n else np.arange(n)
        moved = 2 * similarity[:, changed] - replaced / rest
        kept = count - wins[:, gone] - (wins[:, changed] & (changed != gone)).sum(axis=1)
        without[:, gone] = _hits_without(gone, scores, moved, changed, gold, best, kept, tolerance)
    return (count == 0).astype(np.float64), without


def _hits_without(
    gone: int, scores: Matrix, moved: Matrix, changed: NDArray[np.intp], gold: NDArray[np.bool_], best: Column,
    kept: NDArray[np.int64], tolerance: float,
) -> Column:  # fmt: skip
    """Hits `[n]` without one concept. moved: new scores of the `changed` columns; kept: unchanged columns that win as before."""
    stays = changed != gone
    cols, new = changed[stays], moved[:, stays]
    beaten = kept + ((new >= best[:, None] - tolerance) & ~gold[:, cols]).sum(axis=1)
    hits = (beaten == 0).astype(np.float64)
    redo = gold[:, cols].any(axis=1) | gold[:, gone]
    redo[gone] = False
    rows = scores[redo]
    rows[:, cols] = new[redo]
    accepted, candidates = gold[redo], ~gold[redo]
    accepted[:, gone] = candidates[:, gone] = False
    nearest = np.where(accepted, rows, -np.inf).max(axis=1, initial=-np.inf)
    hits[redo] = ~((rows >= nearest[:, None] - tolerance) & candidates).any(axis=1)
    return hits
