"""The core lexicon: one table of concepts by languages, kept as a TSV file that people read, review and correct by hand."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tli_bench.base.errors import LexiconError, suggest
from tli_bench.base.paths import data_dir
from tli_bench.base.yamls import load_yaml
from tli_bench.languages import Language, language_or_default, pivot
from tli_bench.languages.language import CODE
from tli_bench.lexicon.entries import VARIANT_SEPARATOR, Entry, parse_forms
from tli_bench.lexicon.facts import Facts, read_facts
from tli_bench.lexicon.lexicon import Lexicon
from tli_bench.lexicon.normalise import as_read
from tli_bench.lexicon.pairs import SHOWN, Split, WordPair
from tli_bench.lexicon.related import Relation, read_across, read_related
from tli_bench.lexicon.splits import CORE_SHARES, LIST_SHARES, assign_splits
from tli_bench.lexicon.text import numbered_lines

AUDIT_NAME = "core audit"
"""Name of the lexicon whose control words are the audit words."""
CORE_FILE, VERSION_FILE = "core.tsv", "version.yaml"
FIRST_COLUMNS, LAST_COLUMN = ("concept", "pos", "field", "note"), "split"
_MOST_BUILT = 64


@dataclass(frozen=True)
class Core:
    """Every concept in every language, with the published split of each: frozen, so that what is added moves nothing.

    seed: decides between splits that are equally far behind, for concepts that are added; languages: their codes in the order of the
    columns; across: see `related.read_across`.
    """

    version: str
    seed: int
    entries: tuple[Entry, ...]
    splits: Mapping[str, Split]
    languages: tuple[str, ...]
    facts: Facts = field(default_factory=Facts)
    across: tuple[Relation, ...] = ()
    _built: dict[tuple[Language, Language, int, bool], Lexicon] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """Lexicons that were asked for: whoever checks a folder of records asks for the same few again and again."""

    @property
    def shares(self) -> Mapping[Split, float]:
        """The share of each split that concepts which are added bring it closer to."""
        return CORE_SHARES if Split.AUDIT in self.splits.values() else LIST_SHARES

    @property
    def with_trained_relative(self) -> frozenset[str]:
        """Concepts of any split that `across` says share a root with a train concept."""
        both = (pair for relation in self.across for pair in (relation[:2], relation[1::-1]))
        return frozenset(one for one, other in both if self.splits[other] is Split.TRAIN)

    @property
    def content_hash(self) -> str:
        """SHA-256 of concepts, forms and splits, whatever the order of the rows."""
        return _sha256(sorted(self._rows()))

    def _rows(self) -> Iterable[tuple[str, ...]]:
        for entry in self.entries:
            forms = (VARIANT_SEPARATOR.join(entry.forms.get(code, ())) for code in self.languages)
            split = self.splits.get(entry.concept)
            yield (entry.concept, entry.pos, entry.field, *forms, split.value if split else "")

    def lexicon(self, source: Language, target: Language, *, seed: int | None = None, audit: bool = False) -> Lexicon:
        """The word pairs of two languages; a concept that has no word in one of them is left out, and so are the audit words.

        seed: None or the published seed returns the published splits, any other seed assigns them anew, but for the audit words.
        audit: whether the audit words take the place of the control words, as boards score them. Raises LexiconError for a language
        without a column, or with a column but without a file, and when there are no audit words to score.
        """
        for language in (source, target):
            self._require(language)
        key = source, target, self.seed if seed is None else seed, audit
        if key not in self._built:
            if len(self._built) >= _MOST_BUILT:
                self._built.clear()
            self._built[key] = self._build(*key)
        return self._built[key]

    def _build(self, source: Language, target: Language, seed: int, audit: bool) -> Lexicon:
        splits: Mapping[str, Split] = {c: split for c, split in self.splits.items() if split is not Split.AUDIT}
        if seed != self.seed:
            splits = assign_splits((e for e in self.entries if e.concept in splits), seed=seed)
        if audit:
            splits = {concept: split for concept, split in splits.items() if split is not Split.CONTROL} | {
                concept: Split.CONTROL for concept, split in self.splits.items() if split is Split.AUDIT
            }
        by = pivot().code
        pairs = tuple(
            self._pair(entry, source.code, target.code, splits[entry.concept], by)
            for entry in self.entries
            if entry.concept in splits and entry.forms.get(source.code) and entry.forms.get(target.code)
        )
        if audit and not any(pair.split is Split.CONTROL for pair in pairs):
            raise LexiconError(f"the core lexicon {self.version} has no audit words of {source.code}-{target.code}")
        return Lexicon(AUDIT_NAME if audit else "core", self.version, source, target, pairs, seed)

    def _pair(self, entry: Entry, source: str, target: str, split: Split, by: str) -> WordPair:
        """A concept in two languages. by: the language whose word says how frequent it is."""
        return WordPair(
            entry.concept,
            tuple(map(as_read, entry.forms[source])),
            tuple(map(as_read, entry.forms[target])),
            split,
            entry.pos,
            entry.field,
            entry.related,
            band=self.facts.band(entry.concept, by),
            loan=self.facts.loan(entry.concept, (source, target)),
        )

    def _require(self, language: Language) -> None:
        if language.code not in self.languages:
            near = suggest(language.code, self.languages) or self.languages
            raise LexiconError(
                f"the core lexicon has no column {language.code}; it has {', '.join(near)}. Give your own list with --lexicon, "
                "or add the language as CONTRIBUTING.md says"
            )
        if not language.declared:
            raise LexiconError(
                f"the core lexicon has a column {language.code}, but no file describes that language; "
                f"write tasks/languages/{language.code}.yaml (docs/languages.md)"
            )


class CoreTable(NamedTuple):
    """A core table as it was read: codes of the languages in the order of their columns, concepts, and the splits filled in."""

    languages: tuple[str, ...]
    entries: tuple[Entry, ...]
    splits: dict[str, Split]


def load_core(folder: Path | None = None) -> Core:
    """The core lexicon of this installation, or of `folder`.

    Raises LexiconError naming file, line and reason.
    """
    folder = folder or data_dir("tasks") / "lexicon"
    version = folder / VERSION_FILE
    try:
        facts = load_yaml(version)
        name, seed = str(facts["version"]), int(facts["seed"])
    except (OSError, KeyError, TypeError, ValueError) as err:
        raise LexiconError(f"{version}: must give version and seed: {err}") from err
    languages, entries, splits = read_core_table(folder / CORE_FILE)
    missing = [entry.concept for entry in entries if entry.concept not in splits]
    if missing:
        raise LexiconError(
            f"{folder / CORE_FILE}: {len(missing)} concepts have no split, first {missing[0]!r}; "
            "run tools/lexicon_release.py, which assigns them"
        )
    return Core(name, seed, entries, splits, languages, read_facts(folder), read_across(folder))


@cache
def installed_core() -> Core:
    """`load_core()`, read and checked once: the table of an installation does not change under a running process."""
    return load_core()


def read_core_table(path: Path) -> CoreTable:
    """The concepts of a core table and the splits that are filled in; its header says which languages it has.

    A language without a file, or with a wrong one, is read with default rules, so that the others still work. Raises LexiconError naming
    file, line and reason.
    """
    entries: list[Entry] = []
    columns: tuple[str, ...] = ()
    languages: dict[str, Language] = {}
    splits: dict[str, Split] = {}
    related = read_related(path.parent)
    seen: dict[str, int] = {}
    for number, line in numbered_lines(path):
        cells = line.split("\t")
        where = f"{path}:{number}"
        if number == 1:
            columns, languages = tuple(cells), _languages(cells, where=where)
            continue
        if len(cells) != len(columns):
            raise LexiconError(f"{where}: {len(cells)} columns, but the header has {len(columns)}")
        row = dict(zip(columns, cells, strict=True))
        concept = row["concept"]
        if not concept or concept in seen:
            first = f", already on line {seen[concept]}" if concept else ""
            raise LexiconError(f"{where}: concept {concept!r} must be filled in and unique{first}")
        seen[concept] = number
        forms = {code: words for code, spoken in languages.items() if (words := parse_forms(row[code], spoken))}
        entries.append(Entry(concept, forms, row["pos"], row["field"], row["note"], related.get(concept, ())))
        if row["split"]:
            splits[concept] = parse_split(row["split"], where=where, known=tuple(Split))
    return CoreTable(tuple(languages), tuple(entries), splits)


def _languages(header: list[str], *, where: str) -> dict[str, Language]:
    """The languages of the columns between the first four and the last."""
    codes = header[len(FIRST_COLUMNS) : -1]
    fixed = (*header[: len(FIRST_COLUMNS)], *header[-1:]) == (*FIRST_COLUMNS, LAST_COLUMN)
    if not fixed or not codes or len(set(codes)) < len(codes) or not all(CODE.fullmatch(code) for code in codes):
        raise LexiconError(
            f"{where}: the header must be {', '.join(FIRST_COLUMNS)}, the code of each language once (swh_Latn), {LAST_COLUMN} "
            "(tab-separated)"
        )
    return {code: language_or_default(code) for code in codes}


def parse_split(value: str, *, where: str, known: Sequence[Split] = SHOWN, hint: str = "") -> Split:
    """The split called `value`, one of `known`: only the core has audit words. Raises LexiconError at `where`, ending in `hint`."""
    if value not in known:
        raise LexiconError(f"{where}: split {value!r} is not one of {', '.join(known)}{hint}")
    return Split(value)


def core_table(core: Core) -> str:
    """The text of the table as `load_core` reads it."""
    lines = ["\t".join((*FIRST_COLUMNS, *core.languages, LAST_COLUMN))]
    for entry in core.entries:
        forms = (VARIANT_SEPARATOR.join(entry.forms.get(code, ())) for code in core.languages)
        split = core.splits[entry.concept].value
        lines.append("\t".join((entry.concept, entry.pos, entry.field, entry.note, *forms, split)))
    return "\n".join(lines) + "\n"


def _sha256(rows: Iterable[tuple[str, ...]]) -> str:
    return hashlib.sha256("\n".join("\t".join(row) for row in rows).encode()).hexdigest()
