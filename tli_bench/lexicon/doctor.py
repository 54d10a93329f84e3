"""The lexicon doctor: what is wrong or worth knowing about a word list before it is scored."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from tli_bench.base.collection import collection_paused
from tli_bench.languages import DEFAULT_PAIRS, Language, language_or_default
from tli_bench.lexicon.alphabet import foreign_letters, unusual_characters
from tli_bench.lexicon.core import Core
from tli_bench.lexicon.entries import Entry
from tli_bench.lexicon.findings import Finding, Report, Severity
from tli_bench.lexicon.leakage import find_leakage, find_leaks
from tli_bench.lexicon.lexicon import Lexicon
from tli_bench.lexicon.normalise import match_key
from tli_bench.lexicon.orthography import in_capitals
from tli_bench.lexicon.pairs import Split
from tli_bench.lexicon.similarity import similarity
from tli_bench.lexicon.splits import CORE_SHARES, LIST_SHARES
from tli_bench.lexicon.tokens import Tokenizer, count_tokens

NEAR_IDENTICAL = 0.75
_TOLERANCE, _SMALLEST_STRATUM = 0.1, 30


Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")


@dataclass(frozen=True)
class _Patient:
    """A word list as the checks see it, whether it has two languages or all of the core's."""

    name: str
    entries: tuple[Entry, ...]
    splits: Mapping[str, Split]
    languages: tuple[Language, ...]
    pairs: tuple[tuple[Language, Language], ...]


@collection_paused()
def check(lexicon: Lexicon | Core, *, tokenizer: Tokenizer | None = None) -> Report:
    """Every finding about a lexicon; `failed` when forms leak from train to control or are in the wrong script.

    Checks within each language: duplicates, homographs, words of several parts, wrong script, leakage by form,
    variant and stem; across languages: many-to-one, identical and near-identical pairs (edit similarity of at least
    0.75: a loan or cognate); and the balance of the splits. A core lexicon is checked across the default pairs, and its roots that are
    known to be on two sides are told.

    tokenizer: anything with `encode(text, add_special_tokens=False)`; adds the number of tokens per word.
    """
    patient = _core_patient(lexicon) if isinstance(lexicon, Core) else _lexicon_patient(lexicon)
    findings = find_leakage(patient.entries, patient.splits)
    for language in patient.languages:
        findings += _spelling(patient, language)
        findings += _capitals(patient, language)
        findings += _homographs(patient, language)
    for source, target in patient.pairs:
        findings += _across(patient, source, target)
    findings += _balance(patient)
    if isinstance(lexicon, Core):
        findings += _across_sides(lexicon)
    words = {
        language.code: [e.forms[language.code][0] for e in patient.entries if e.forms.get(language.code)]
        for language in patient.languages
    }
    tokens = count_tokens(words, tokenizer) if tokenizer is not None else {}
    return Report(patient.name, len(patient.entries), tuple(findings), tokens)


@collection_paused()
def leaks(lexicon: Lexicon) -> list[Finding]:
    """The findings for which a run must refuse the lexicon: a trained form, variant or stem among the control pairs."""
    patient = _lexicon_patient(lexicon)
    return find_leaks(patient.entries, patient.splits)


def _lexicon_patient(lexicon: Lexicon) -> _Patient:
    source, target = lexicon.source_language, lexicon.target_language
    entries = tuple(
        Entry(p.concept, {source.code: p.sources, target.code: p.targets}, p.pos, p.field, related=p.related)
        for p in lexicon.pairs
    )
    splits = {p.concept: p.split for p in lexicon.pairs}
    return _Patient(lexicon.name, entries, splits, (source, target), ((source, target),))


def _core_patient(core: Core) -> _Patient:
    known = {code: language_or_default(code) for code in core.languages}
    codes = [pair.split("-") for pair in DEFAULT_PAIRS]
    pairs = tuple((known[source], known[target]) for source, target in codes if source in known and target in known)
    return _Patient("core", core.entries, core.splits, tuple(known.values()), pairs)


def _spelling(patient: _Patient, language: Language) -> Iterator[Finding]:
    for entry in patient.entries:
        for form in entry.forms.get(language.code, ()):
            if foreign := foreign_letters(form, language):
                message = (
                    f"{form!r} ({language.code}) has {foreign!r} of another script; retype it in {language.script}"
                )
                yield Finding("wrong-script", "error", language.code, (entry.concept,), (form,), message)
            elif unusual := unusual_characters(form, language):
                message = f"{form!r} has {unusual!r}, which is not in the alphabet of {language.name}"
                yield Finding("unusual-character", "warning", language.code, (entry.concept,), (form,), message)
        preferred = entry.forms.get(language.code, ("",))[0]
        if " " in preferred:
            message = f"{preferred!r} has {preferred.count(' ') + 1} parts; a single word is measured more cleanly"
            yield Finding("multi-word", "info", language.code, (entry.concept,), (preferred,), message)


def _capitals(patient: _Patient, language: Language) -> Iterator[Finding]:
    words = [entry.forms[language.code][0] for entry in patient.entries if entry.forms.get(language.code)]
    if said := in_capitals(words, language):
        yield Finding("capitals", "warning", language.code, (), (), said)


def _homographs(patient: _Patient, language: Language) -> Iterator[Finding]:
    forms = (
        (match_key(form, language), (entry.concept, form))
        for entry in patient.entries
        for form in entry.forms.get(language.code, ())
    )
    for found in _several(forms):
        concepts = tuple(concept for concept, _ in found)
        message = f"{found[0][1]!r} ({language.code}) stands for {len(found)} concepts: {', '.join(concepts[:6])}"
        yield Finding("homograph", "info", language.code, concepts, tuple(form for _, form in found), message)


def _several(items: Iterable[tuple[Key, Item]]) -> list[list[Item]]:
    """The items of every key that has more than one, in the order of the keys; a long list has few of them."""
    first: dict[Key, Item] = {}
    more: dict[Key, list[Item]] = {}
    for key, item in items:
        if key in first:
            more.setdefault(key, [first[key]]).append(item)
        else:
            first[key] = item
    return [more[key] for key in first if key in more]


def _across(patient: _Patient, source: Language, target: Language) -> Iterator[Finding]:
    code = f"{source.code}-{target.code}"
    shared: list[tuple[tuple[str, str], Entry]] = []
    for entry in patient.entries:
        if not entry.forms.get(source.code) or not entry.forms.get(target.code):
            continue
        left, right = entry.forms[source.code][0], entry.forms[target.code][0]
        keys = match_key(left, source), match_key(right, target)
        shared.append((keys, entry))
        closeness = similarity(*keys, at_least=NEAR_IDENTICAL)
        if closeness is not None:
            kind = "identical" if closeness == 1 else "near-identical"
            message = f"{left!r} and {right!r} ({code}) look alike ({closeness:.2f}): a loan or a cognate"
            yield Finding(kind, "info", code, (entry.concept,), (left, right), message)
    for entries in _several(shared):
        forms: tuple[str, ...] = (entries[0].forms[source.code][0], entries[0].forms[target.code][0])
        concepts = tuple(e.concept for e in entries)
        message = f"{forms[0]!r} = {forms[1]!r} ({code}) is listed {len(entries)} times: {', '.join(concepts[:6])}"
        # One word for two concepts in both languages is a fact in the core; in a user's list it is a mistake.
        severity: Severity = "info" if patient.name == "core" else "warning"
        yield Finding("duplicate", severity, code, concepts, forms, message)
    for owners in _several((right, (entry, left)) for (left, right), entry in shared):
        if len({left for _, left in owners}) > 1:
            concepts = tuple(e.concept for e, _ in owners)
            forms = (owners[0][0].forms[target.code][0], *(e.forms[source.code][0] for e, _ in owners))
            message = f"{forms[0]!r} translates {len(owners)} {source.name} words: {', '.join(forms[1:7])}"
            yield Finding("many-to-one", "info", code, concepts, forms, message)


def _across_sides(core: Core) -> Iterator[Finding]:
    """The roots on two sides that are known and stay, since no release moves a split."""
    for one, two, evidence in core.across:
        sides = f"{one!r} ({core.splits[one]}) and {two!r} ({core.splits[two]})"
        message = f"{sides} share a root, found after the splits were frozen: {evidence}"
        yield Finding("root-across", "info", "", (one, two), (), message)


def _shares(patient: _Patient) -> dict[Split, float]:
    """What each split should hold; of one pair of the core, whose audit words are not shown, of the words that are."""
    audited = Split.AUDIT in patient.splits.values()
    if not audited and patient.name != "core":
        return dict(LIST_SHARES)
    shown = {split: share for split, share in CORE_SHARES.items() if audited or split is not Split.AUDIT}
    return {split: share / sum(shown.values()) for split, share in shown.items()}


def _balance(patient: _Patient) -> Iterator[Finding]:
    # The core's splits are frozen, and roots decide them before shares do: its card says where that leaves few words.
    severity: Severity = "info" if patient.name == "core" else "warning"
    shares = _shares(patient)
    strata: defaultdict[str, Counter[Split]] = defaultdict(Counter)
    for entry in patient.entries:
        strata[""][patient.splits[entry.concept]] += 1
        if entry.pos:
            strata[entry.pos][patient.splits[entry.concept]] += 1
    for stratum, counts in strata.items():
        if counts.total() < _SMALLEST_STRATUM:
            continue
        name = f"part of speech {stratum!r}" if stratum else "the lexicon"
        for split, wanted in shares.items():
            share = counts[split] / counts.total()
            if abs(share - wanted) > _TOLERANCE:
                message = f"{split} holds {share:.0%} of {name} ({counts[split]} of {counts.total()}), not {wanted:.0%}"
                yield Finding("unbalanced-split", severity, "", (), (), message)
