"""The next release of the lexicon, in tasks/lexicon/next: read, checked, split and frozen, and not scored before it is the lexicon."""

from collections import Counter

import pytest

from tli_bench.base.paths import data_dir
from tli_bench.languages import DEFAULT_PAIRS, LANGUAGES, resolve_pair
from tli_bench.lexicon import check, load_core, match_key, stats
from tli_bench.lexicon.alphabet import foreign_letters, unusual_characters
from tli_bench.lexicon.core import CORE_FILE, core_table
from tli_bench.lexicon.facts import BANDS, ORIGINS
from tli_bench.lexicon.normalise import normalise
from tli_bench.lexicon.pairs import Split
from tli_bench.lexicon.roots import own_roots, possible_roots

FOLDER = data_dir("tasks") / "lexicon" / "next"
CORE, TODAY = load_core(FOLDER), load_core()
BY_CONCEPT = {entry.concept: entry for entry in CORE.entries}
VERBS = {
    "tur_Latn": ("mak", "mek"), "azj_Latn": ("maq", "mək"), "uzn_Latn": ("moq",), "tuk_Latn": ("mak", "mek"),
    "uig_Arab": ("ماق", "مەك"),
}  # fmt: skip


def test_the_file_is_as_we_write_it() -> None:
    assert core_table(CORE) == (FOLDER / CORE_FILE).read_text("utf-8")


def test_there_are_1800_concepts_and_every_old_id_stays() -> None:
    assert len(CORE.entries) >= 1800
    assert {entry.concept for entry in TODAY.entries} <= BY_CONCEPT.keys()
    parts = Counter(entry.pos for entry in CORE.entries)
    assert parts["verb"] >= 400
    assert parts["adj"] >= 300
    assert parts["adv"] >= 100


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_every_cell_is_in_its_alphabet_and_form(code: str) -> None:
    language = LANGUAGES[code]
    for entry in CORE.entries:
        forms = entry.forms.get(code, ())
        assert len({match_key(form, language) for form in forms}) == len(forms) <= 4, (entry.concept, forms)
        for form in forms:
            assert normalise(form, language) == form
            assert not foreign_letters(form, language), form
            assert not unusual_characters(form, language), form
            assert not form.startswith("-") or code == "swh_Latn", form
        if entry.pos == "verb" and forms and VERBS.get(code):
            assert all(form.endswith(VERBS[code]) for form in forms), (entry.concept, forms)


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_coverage(code: str) -> None:
    [found] = [row for row in stats(CORE).languages if row.code == code]
    assert found.share >= 0.95


def test_no_swahili_headword_is_a_piece_of_a_clause() -> None:
    for entry in CORE.entries:
        assert not entry.forms.get("swh_Latn", ("",))[0].startswith("-lio"), entry.concept


def test_shares_of_the_splits() -> None:
    splits = Counter(CORE.splits.values())
    assert splits[Split.CONTROL] >= 350
    assert splits[Split.AUDIT] >= 250
    assert 0.5 <= splits[Split.TRAIN] / len(CORE.entries) <= 0.6
    assert splits[Split.DEV] / len(CORE.entries) <= 0.16


def test_what_was_control_or_dev_never_becomes_train_or_audit() -> None:
    for concept, split in TODAY.splits.items():
        if split is not Split.TRAIN:
            assert CORE.splits[concept] in (Split.CONTROL, Split.DEV), concept


def test_no_word_and_no_declared_root_is_trained_and_tested() -> None:
    report = check(CORE)
    assert not report.failed
    assert [finding.message for finding in report.findings if finding.kind in ("shared-root",)] == []


def test_no_audit_word_is_a_word_of_a_split_that_something_was_chosen_on() -> None:
    for code, language in LANGUAGES.items():
        owners: dict[str, set[Split]] = {}
        for entry in CORE.entries:
            for form in entry.forms.get(code, ()):
                owners.setdefault(match_key(form, language), set()).add(CORE.splits[entry.concept])
        shared = {key for key, splits in owners.items() if Split.AUDIT in splits and len(splits - {Split.DEV}) > 1}
        assert not shared, (code, shared)


def test_what_is_proposed_in_many_languages_was_looked_at_and_declared() -> None:
    """The rule proposes roots; where five languages agree and the words of both concepts differ, somebody must have said yes."""
    found: Counter[tuple[str, str]] = Counter()
    for code, language in LANGUAGES.items():
        own: dict[object, set[str]] = {}
        for entry in CORE.entries:
            for form in entry.forms.get(code, ())[:1]:
                for root in own_roots(match_key(form, language), language, entry.pos):
                    own.setdefault(root, set()).add(entry.concept)
        pairs = {
            tuple(sorted((entry.concept, other)))
            for entry in CORE.entries
            for form in entry.forms.get(code, ())[:1]
            for root in possible_roots(match_key(form, language), language, entry.pos)
            for other in own.get(root, ())
            if other != entry.concept
        }
        found.update(pairs)
    many = [pair for pair, count in found.items() if count >= 5]
    assert len(many) > 100
    undeclared = [pair for pair in many if pair[1] not in (BY_CONCEPT[pair[0]].related or ())]
    assert set(undeclared) <= LOOKED_AT


# fmt: off
LOOKED_AT = {
    ("apple", "take"), ("ash", "funny"), ("ash", "laughter"), ("comb", "narrow"),
    ("come", "suit"), ("drink", "inner"), ("drink", "intestine"), ("ear", "slave"),
    ("eat", "orphan"), ("every", "everywhere"), ("fall-asleep", "remain"), ("gold", "take"),
    ("goose", "pot"), ("grape", "swim"), ("hunger", "open"), ("impossible", "not"),
    ("millet", "narrow"), ("ninety", "sated"), ("poplar", "sweat"), ("remain", "shield"),
    ("ring", "swim"), ("salt", "trap"), ("six", "take"), ("skin", "sweat"),
    ("snake", "year"),
}
# fmt: on
"""Alike in many languages, which are cousins, but by chance, or by a word such as `every` that tells no family."""


@pytest.mark.parametrize("name", DEFAULT_PAIRS)
def test_every_pair_has_words_to_test_and_none_leaks(name: str) -> None:
    control, audit = (CORE.lexicon(*resolve_pair(name), audit=audit) for audit in (False, True))
    assert len(control.of(Split.CONTROL)) >= 330
    assert len(audit.of(Split.CONTROL)) >= 240
    assert not check(control).failed
    assert not check(audit).failed
    assert {p.concept for p in control.pairs}.isdisjoint(p.concept for p in audit.of(Split.CONTROL))


def test_control_and_audit_words_are_equally_frequent_and_of_the_same_kinds() -> None:
    """Else the difference between them would say something about words, not about models."""
    for fact in (lambda e: CORE.facts.band(e.concept, "eng_Latn"), lambda e: e.pos):
        shares = []
        for split in (Split.CONTROL, Split.AUDIT):
            counts = Counter(fact(e) for e in CORE.entries if CORE.splits[e.concept] is split)
            shares.append({key: count / counts.total() for key, count in counts.items()})
        for key in shares[0].keys() | shares[1].keys():
            assert abs(shares[0].get(key, 0) - shares[1].get(key, 0)) < 0.12, key


def test_facts_are_known_for_every_concept() -> None:
    assert CORE.facts.languages == set(LANGUAGES) - {"eng_Latn"}
    for entry in CORE.entries:
        assert CORE.facts.band(entry.concept, "eng_Latn") in BANDS
        for code, origin in CORE.facts.loans.get(entry.concept, {}).items():
            assert origin in ORIGINS
            assert entry.forms.get(code), (entry.concept, code)


def test_the_page_says_how_many() -> None:
    page = (FOLDER / "README.md").read_text("utf-8")
    splits = Counter(CORE.splits.values())
    assert f"{len(CORE.entries)} concepts" in page
    assert "Splits: " + ", ".join(f"{split} {splits[split]}" for split in Split) in page
