"""Trained forms among the control (and audit) words: the one thing that makes a control score worthless.

A leak is the same word: an equal form (`leak-form`), a form that is a variant on either side (`leak-variant`), or an
equal stem after the citation affix or plural is cut (`leak-stem`). A word that is equal only without its diacritics, or
that is derived from another (`balık`, `balıkçı`: at least five shared letters, then one to three more; `diş`, `dişlemek`: by the
endings that its language declares), is a warning, unless somebody looked at both (`Entry.related`): then what is declared
to share a root is a warning, and what is alike by chance is none.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from tli_bench.languages import Language, language_or_default
from tli_bench.lexicon.entries import Entry
from tli_bench.lexicon.findings import Finding, Severity
from tli_bench.lexicon.normalise import loosened, match_key
from tli_bench.lexicon.pairs import Split
from tli_bench.lexicon.roots import Root, own_roots, possible_roots
from tli_bench.lexicon.stems import openings, stem_of_key


class _Word(NamedTuple):
    """A form and where it occurs; `key` is its match key."""

    concept: str
    form: str
    key: str
    preferred: bool
    pos: str
    reviewed: bool


_Index = Mapping[str, list[_Word]]
_Near = tuple[_Word, _Word, str]


def find_leaks(entries: Iterable[Entry], splits: Mapping[str, Split]) -> list[Finding]:
    """One error for each trained and control concept that share a word, naming both forms and the language."""
    rows = list(entries)
    languages = [language for language in _languages(rows) if _may_leak(rows, splits, language)]
    return [finding for language in languages for finding in _leaks(*_sides(rows, splits, language), language)]


def find_leakage(entries: Iterable[Entry], splits: Mapping[str, Split]) -> list[Finding]:
    """The leaks, and one warning for each trained and control concept whose forms are close but not the same word."""
    rows = list(entries)
    found: list[Finding] = []
    for language in _languages(rows):
        control, trained = _sides(rows, splits, language)
        leaks = list(_leaks(control, trained, language))
        leaking = {finding.concepts for finding in leaks}
        near: dict[tuple[str, ...], Finding] = {}
        for word, other, reason in (
            *_unaccented(control, trained, language),
            *_derived(control, trained),
            *((base, longer, reason) for longer, base, reason in _derived(trained, control)),
            *_rooted(control, trained, language),
            *((base, longer, reason) for longer, base, reason in _rooted(trained, control, language)),
        ):
            if (word.concept, other.concept) not in leaking:
                near.setdefault((word.concept, other.concept), _finding("near-leak", language, word, other, reason))
        found += [*leaks, *near.values()]
    return [*found, *_related(rows, splits)]


def _languages(rows: Iterable[Entry]) -> list[Language]:
    return [language_or_default(code) for code in dict.fromkeys(code for row in rows for code in row.forms)]


def _sides(rows: Iterable[Entry], splits: Mapping[str, Split], language: Language) -> tuple[list[_Word], list[_Word]]:
    """The control words and the trained words of one language."""
    sides: dict[Split, list[_Word]] = {split: [] for split in Split}
    for row in rows:
        words = sides[splits[row.concept]]
        for rank, form in enumerate(row.forms.get(language.code, ())):
            key = match_key(form, language)
            words.append(_Word(row.concept, form, key, rank == 0, row.pos, row.related is not None))
    return [*sides[Split.CONTROL], *sides[Split.AUDIT]], sides[Split.TRAIN]


def _may_leak(rows: Iterable[Entry], splits: Mapping[str, Split], language: Language) -> bool:
    """Whether a control word has a key or a stem of a trained one: without that there is no leak, and this is soon told."""
    parts: dict[Split, set[str]] = {split: set() for split in Split}
    for row in rows:
        own = parts[splits[row.concept]]
        for form in row.forms.get(language.code, ()):
            own.update(_parts(form, language))
    return not parts[Split.TRAIN].isdisjoint(parts[Split.CONTROL] | parts[Split.AUDIT])


# One side of a list is often that of the next: English of fifteen pairs.
@lru_cache(maxsize=1 << 16)
def _parts(form: str, language: Language) -> tuple[str, str]:
    key = match_key(form, language)
    return key, stem_of_key(key, language)


def _leaks(control: list[_Word], trained: list[_Word], language: Language) -> Iterator[Finding]:
    forms = _index((word.key, word) for word in trained)
    # A stem may meet a bare form (`kusoma`, `soma`) or another stem (`kusoma`, `-soma`).
    stems = _index((key, word) for word in trained for key in {word.key, stem_of_key(word.key, language)})
    for word in control:
        same = {other.concept: other for other in forms.get(word.key, ())}
        for other in same.values():
            kind = "leak-form" if word.preferred and other.preferred else "leak-variant"
            yield _finding(kind, language, word, other, "is the trained")
        keys = {word.key, stem_of_key(word.key, language)}
        inflected = {other.concept: other for key in keys for other in stems.get(key, ())}
        for concept, other in inflected.items():
            if concept not in same:
                yield _finding("leak-stem", language, word, other, "has the stem of the trained")


def _index(keyed: Iterable[tuple[str, _Word]]) -> _Index:
    index: defaultdict[str, list[_Word]] = defaultdict(list)
    for key, word in keyed:
        index[key].append(word)
    return index


def _both_looked_at(word: _Word, other: _Word) -> bool:
    return word.reviewed and other.reviewed


def _unaccented(control: Iterable[_Word], trained: Iterable[_Word], language: Language) -> Iterator[_Near]:
    loose = _index((loosened(word.key, language), word) for word in trained)
    for word in control:
        for other in loose.get(loosened(word.key, language), ()):
            if other.key != word.key and not _both_looked_at(word, other):
                yield word, other, "differs in diacritics only from the trained"


def _derived(longer: Iterable[_Word], shorter: Iterable[_Word]) -> Iterator[_Near]:
    bases = _index((word.key, word) for word in shorter)
    for word in longer:
        for opening in openings(word.key):
            for other in bases.get(opening, ()):
                if not _both_looked_at(word, other):
                    yield word, other, "may be derived from, or be the base of, the trained"


def _rooted(longer: Iterable[_Word], shorter: Iterable[_Word], language: Language) -> Iterator[_Near]:
    """Words that the language's endings may have made from another."""
    roots: defaultdict[Root, list[_Word]] = defaultdict(list)
    for word in shorter:
        for root in own_roots(word.key, language, word.pos):
            roots[root].append(word)
    for word in longer:
        for root in possible_roots(word.key, language, word.pos):
            for other in roots.get(root, ()):
                if not _both_looked_at(word, other) and word.concept != other.concept:
                    yield word, other, "may share a root with the trained"


def _related(rows: Iterable[Entry], splits: Mapping[str, Split]) -> Iterator[Finding]:
    """Concepts declared to share a root of which one is trained and the other tested, or one control and the other audit."""
    for row in rows:
        for other in row.related or ():
            if row.concept > other or other not in splits:
                continue
            sides = {splits[row.concept], splits[other]}
            if len(sides) > 1 and Split.DEV not in sides:
                told = f"{row.concept!r} ({splits[row.concept]}) and {other!r} ({splits[other]})"
                yield Finding(
                    "shared-root",
                    "warning",
                    "",
                    (row.concept, other),
                    (),
                    f"{told} share a root; move what was added last to dev, or to the other's side",
                )


def _finding(kind: str, language: Language, word: _Word, other: _Word, reason: str) -> Finding:
    message = (
        f"control {word.form!r} ({word.concept}) {reason} {other.form!r} ({other.concept}) in {language.code}; "
        "move one of the two to dev, or drop it"
    )
    severity: Severity = "warning" if kind == "near-leak" else "error"
    return Finding(kind, severity, language.code, (word.concept, other.concept), (word.form, other.form), message)
