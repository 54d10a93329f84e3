"""`load_lexicon`: from a name, a path or a Hub data set to a `Lexicon`, in one function."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tli_bench.base.collection import collection_paused
from tli_bench.base.errors import LexiconError
from tli_bench.languages import Language, default_pair
from tli_bench.lexicon.core import installed_core
from tli_bench.lexicon.entries import Entry, unique_forms
from tli_bench.lexicon.lexicon import Lexicon
from tli_bench.lexicon.normalise import as_read, match_key, normalise
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.lexicon.readers import open_source
from tli_bench.lexicon.readers.base import RawPair, Request, reading_of
from tli_bench.lexicon.splits import LIST_SHARES, assign_splits
from tli_bench.lexicon.suspicion import require_plausible
from tli_bench.lexicon.unknown import languages_of_list, warn_of_defaults


@collection_paused()
def load_lexicon(
    source: str | Path = "core",
    *,
    pair: str | None = None,
    control: str | Path | None = None,
    columns: Mapping[str, str] | Sequence[str] | None = None,
    header: bool | None = None,
    swap: bool = False,
    split_column: str | None = None,
    revision: str | None = None,
    seed: int = 0,
) -> Lexicon:
    """The word pairs of one language pair from `core`, a file, a folder or a Hub data set (`hf:ID`).

    pair: `swh-eng`, source first; None for the first default pair. control: a second source whose pairs are the control split;
    train and dev are then drawn from the first. columns: name or number of the columns that hold `source` and `target`, as a
    mapping or in that order. header: whether a table's first row is its header; None: found out. swap: whether the two sides stand
    the other way round. split_column: the column with the list's own split. revision: of a Hub data set.
    seed: of the splits, if the source has none.

    A language that no file describes is read with default rules (see `languages_of_list`), and a warning says what it lacks.
    Lines with the same source word become one pair with variants; identical pairs are merged. Raises LexiconError with file,
    line and reason for a source that cannot be read, with what was tried for one that cannot be found, and with the evidence for a
    side that is clearly not in its language (`lexicon.suspicion`).

    >>> import tli_bench
    >>> lexicon = tli_bench.load_lexicon("core", pair="swh-eng")
    >>> lexicon.pairs[0].source, lexicon.pairs[0].target
    ('kichwa', 'head')
    """
    reading = reading_of(columns=columns, header=header, swap=swap, split_column=split_column, revision=revision)
    source_language, target_language = languages_of_list(source, pair or default_pair(), reading)
    if str(source) == "core":
        if control is not None:
            raise LexiconError("the core lexicon has its own control split; leave `control` out")
        return installed_core().lexicon(source_language, target_language, seed=seed)
    request = Request(source_language, target_language, reading)
    warn_of_defaults(source_language, target_language)
    rows = _read(source, request)
    if control is None:
        splits = _assign(rows, shares=LIST_SHARES, seed=seed)
    else:
        seen: dict[Split, float] = {s: share for s, share in LIST_SHARES.items() if s is not Split.CONTROL}
        rows = [row.without_split() for row in rows]
        shares: dict[Split, float] = {split: share / sum(seen.values()) for split, share in seen.items()}
        splits = _assign(rows, shares=shares, seed=seed)
        held_out = _read(control, request)
        taken = {row.entry.concept for row in rows}
        held_out = [row.renamed_beside(taken) for row in held_out]
        splits |= {row.entry.concept: Split.CONTROL for row in held_out}
        rows += held_out
    pairs = tuple(row.word_pair(splits[row.entry.concept]) for row in rows)
    return Lexicon(_name(source), revision or "", source_language, target_language, pairs, seed)


def _name(source: str | Path) -> str:
    text = str(source)
    return text.removeprefix("hf:") if text.startswith("hf:") or not os.path.exists(text) else Path(text).stem


class _ListEntry(Entry):
    """An entry of a list that may be long: what links it to others is not kept with it, but for the last entry asked."""

    # By identity, which is all that the memory of one entry needs.
    __hash__ = object.__hash__
    __eq__ = object.__eq__

    @property
    def links(self) -> frozenset[str]:
        """As of any entry."""
        return _links_and_openings(self)[0]

    @property
    def openings(self) -> frozenset[str]:
        """As of any entry."""
        return _links_and_openings(self)[1]


@lru_cache(maxsize=1)
def _links_and_openings(entry: _ListEntry) -> tuple[frozenset[str], frozenset[str]]:
    plain = Entry(entry.concept, entry.forms, entry.pos, entry.field)
    return plain.links, plain.openings


@dataclass(frozen=True, slots=True)
class _Row:
    """A merged row: the concept, its forms by side and the split it came with."""

    entry: Entry
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    split: Split | None

    def word_pair(self, split: Split) -> WordPair:
        sources, targets = (tuple(map(as_read, forms)) for forms in (self.sources, self.targets))
        return WordPair(self.entry.concept, sources, targets, split, self.entry.pos, self.entry.field)

    def without_split(self) -> "_Row":
        return _Row(self.entry, self.sources, self.targets, None)

    def renamed_beside(self, taken: set[str]) -> "_Row":
        """The same row under its own id: a concept that leaks from the main list stays visible as two."""
        concept = self.entry.concept
        while concept in taken:
            concept += "#control"
        entry = _ListEntry(concept, self.entry.forms, self.entry.pos, self.entry.field)
        return _Row(entry, self.sources, self.targets, self.split)


def _assign(rows: list[_Row], *, shares: Mapping[Split, float], seed: int) -> dict[str, Split]:
    given = {row.entry.concept: row.split for row in rows if row.split is not None}
    if len(given) == len(rows):
        return given
    return assign_splits((row.entry for row in rows), seed=seed, shares=shares, previous=given)


def _read(source: str | Path, request: Request) -> list[_Row]:
    raw = list(open_source(source, request))
    if not raw:
        raise LexiconError(
            f"{source}: no row has a word in both {request.source.code} and {request.target.code}; "
            "check the pair and the columns"
        )
    require_plausible(raw, request.source, request.target, name=str(source))
    return _merge(raw, request.source, request.target)


def _merge(raw: list[RawPair], source: Language, target: Language) -> list[_Row]:
    """One row per concept: rows without an id belong together by the match key of their first source form.

    `raw` is empty afterwards: of a long list there is not room for everything twice.
    """
    groups: dict[str, list[RawPair]] = {}
    for row in raw:
        concept = row.concept or match_key(row.sources[0], source)
        known = groups.setdefault(concept, [])
        if known and row.concept:
            raise LexiconError(f"{row.where}: concept {concept!r} occurs twice, first at {known[0].where}")
        known.append(row)
    raw.clear()
    return [_row(concept, groups.pop(concept), source, target) for concept in list(groups)]


def _forms(sides: list[tuple[str, ...]], language: Language) -> tuple[str, ...]:
    """The distinct forms of one side; most rows of a long list have one."""
    if len(sides) == 1 and len(sides[0]) == 1:
        form = normalise(sides[0][0], language)
        return (form,) if form else ()
    return unique_forms((form for forms in sides for form in forms), language)


def _row(concept: str, rows: list[RawPair], source: Language, target: Language) -> _Row:
    sources = _forms([row.sources for row in rows], source)
    targets = _forms([row.targets for row in rows], target)
    if not sources or not targets:
        side = "target" if sources else "source"
        raise LexiconError(f"{rows[0].where}: nothing is left of the {side} word without its invisible characters")
    splits = {row.split for row in rows if row.split is not None}
    if len(splits) > 1:
        raise LexiconError(f"{rows[-1].where}: {sources[0]!r} is in two splits: {', '.join(sorted(splits))}")
    entry = _ListEntry(concept, {source.code: sources, target.code: targets}, rows[0].pos, rows[0].field)
    return _Row(entry, sources, targets, splits.pop() if splits else None)
