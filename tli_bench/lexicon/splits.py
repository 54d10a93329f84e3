"""Train, dev, control and audit by concept, so that no word or root is trained on one side and tested on the other."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping

from tli_bench.base.errors import InputError
from tli_bench.lexicon.entries import Entry
from tli_bench.lexicon.linked import Links
from tli_bench.lexicon.pairs import Split

LIST_SHARES: Mapping[Split, float] = {Split.TRAIN: 0.7, Split.DEV: 0.1, Split.CONTROL: 0.2}
"""Of a list that has no splits of its own."""
CORE_SHARES: Mapping[Split, float] = {Split.TRAIN: 0.55, Split.DEV: 0.1, Split.CONTROL: 0.2, Split.AUDIT: 0.15}
"""Of the core lexicon."""
_BITS = {Split.TRAIN: 1, Split.CONTROL: 2, Split.AUDIT: 4}
_BY_SIDES = {bit: split for split, bit in _BITS.items()}
_DEV = 8


def assign_splits(
    entries: Iterable[Entry],
    *,
    seed: int = 0,
    shares: Mapping[Split, float] = LIST_SHARES,
    previous: Mapping[str, Split] | None = None,
) -> dict[str, Split]:
    """The split of every concept, in file order, so that a concept appended later does not move any before it.

    A concept follows the concepts before it that share a form, a stem, a root or a spelling without diacritics with it in any language:
    it goes to their side of train, control and audit, or to dev when they are on several, since dev may share words with any. A free
    concept goes to the split that is furthest behind its share in the concept's part of speech and field, but one that shares words
    with dev not to audit; a tie is broken by SHA-256 of the seed and the concept.

    previous: splits that were published and stay as they are. Raises InputError for shares that do not sum to 1 and for a
    repeated concept.
    """
    if min(shares.values()) < 0 or abs(sum(shares.values()) - 1) > 1e-9:
        told = ", ".join(f"{split} {share:g}" for split, share in shares.items())
        raise InputError(f"the shares of the splits must sum to 1, none below 0; got {told}")
    rows = list(entries)
    for concept, count in Counter(row.concept for row in rows).items():
        if count > 1:
            raise InputError(f"concept {concept!r} occurs {count} times; ids must be unique")
    kept = previous or {}
    assigner = _Assigner(Links(rows), seed=seed, shares=dict(shares))
    # Published concepts constrain new ones, wherever the new ones were inserted.
    for place, row in enumerate(rows):
        if row.concept in kept:
            assigner.put(place, row, kept[row.concept])
    for place, row in enumerate(rows):
        if row.concept not in kept:
            assigner.put(place, row, assigner.choose(place, row))
    return {row.concept: assigner.splits[row.concept] for row in rows}


class _Assigner:
    """The splits so far, the sides each form is on, and how full each stratum is."""

    def __init__(self, links: Links, *, seed: int, shares: dict[Split, float]) -> None:
        self.seed = seed
        self.shares = shares
        self.splits: dict[str, Split] = {}
        self._links = links
        # The sides of each link as bits: of forms, and of what forms could be derived from.
        self._sides, self._derived = bytearray(links.size), bytearray(links.size)
        self._filled: dict[tuple[str, ...], dict[Split, int]] = {}

    def put(self, place: int, row: Entry, split: Split) -> None:
        self.splits[row.concept] = split
        for stratum in _strata(row):
            self._filled.setdefault(stratum, dict.fromkeys(Split, 0))[split] += 1
        bit = _BITS.get(split, _DEV)
        for link in self._links.links(place):
            self._sides[link] |= bit
        for link in self._links.openings(place):
            self._derived[link] |= bit

    def choose(self, place: int, row: Entry) -> Split:
        sides = 0
        for link in self._links.links(place):
            sides |= self._sides[link] | self._derived[link]
        for link in self._links.openings(place):
            sides |= self._sides[link]
        firm = sides & ~_DEV
        if firm:
            return _BY_SIDES.get(firm, Split.DEV)
        return self._furthest_behind(row, but=Split.AUDIT if sides else None)

    def _furthest_behind(self, row: Entry, *, but: Split | None) -> Split:
        candidates = [split for split, share in self.shares.items() if share > 0 and split is not but]
        for stratum in _strata(row):
            filled = self._filled.get(stratum)
            if filled is not None and len(candidates) > 1:
                size = sum(filled.values()) + 1
                lag = {split: self.shares[split] * size - filled[split] for split in candidates}
                furthest = max(lag.values()) - 1e-9
                candidates = [split for split in candidates if lag[split] > furthest]
        if len(candidates) == 1:
            return candidates[0]
        return min(candidates, key=lambda split: hashlib.sha256(f"{self.seed}:{row.concept}:{split}".encode()).digest())


def _strata(row: Entry) -> tuple[tuple[str, ...], ...]:
    """The strata in which shares are kept: first the finest stratum, then the part of speech, then the whole list."""
    if not row.pos and not row.field:
        return ((),)
    return (row.pos, row.field), (row.pos,), ()
