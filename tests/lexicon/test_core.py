"""Every row of the core lexicon, as published: words, splits, roots, facts and card."""

import hashlib
import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
import yaml

from tli_bench.base.errors import LexiconError
from tli_bench.base.paths import data_dir
from tli_bench.languages import DEFAULT_PAIRS, LANGUAGES, resolve_pair
from tli_bench.lexicon import check, load_core, load_lexicon, match_key, stats
from tli_bench.lexicon.alphabet import foreign_letters, unusual_characters
from tli_bench.lexicon.core import CORE_FILE, VERSION_FILE, core_table, installed_core, read_core_table
from tli_bench.lexicon.facts import BANDS, ORIGINS
from tli_bench.lexicon.normalise import normalise
from tli_bench.lexicon.pairs import Split
from tli_bench.lexicon.related import read_across
from tli_bench.lexicon.roots import own_roots, possible_roots

FOLDER = data_dir("tasks") / "lexicon"
TEXT = (FOLDER / CORE_FILE).read_bytes().decode("utf-8")
COLUMNS = TEXT.split("\n", 1)[0].split("\t")
ROWS = [dict(zip(COLUMNS, line.split("\t"), strict=True)) for line in TEXT.splitlines()[1:]]
PARTS_OF_SPEECH = {"noun", "verb", "adj", "adv", "num", "pron", "conj"}
VERBS = {
    "tur_Latn": ("mak", "mek"), "azj_Latn": ("maq", "mək"), "uzn_Latn": ("moq",), "tuk_Latn": ("mak", "mek"),
    "uig_Arab": ("ماق", "مەك"),
}  # fmt: skip
CORE = installed_core()
BY_CONCEPT = {entry.concept: entry for entry in CORE.entries}
FROZEN = "a6237cf46eb05fd059084c2d8b9b7af2da118817ca659e3e7240349644331704"


def test_the_file_is_nfc_with_lf_and_as_we_write_it() -> None:
    assert unicodedata.is_normalized("NFC", TEXT)
    assert "\r" not in TEXT
    assert core_table(load_core()) == TEXT


def test_there_are_at_least_1800_concepts_with_unique_plain_ids_of_every_part_of_speech() -> None:
    ids = [row["concept"] for row in ROWS]
    assert len(ids) == len(set(ids)) >= 1800
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in ids)
    parts = Counter(row["pos"] for row in ROWS)
    assert parts["verb"] >= 400
    assert parts["adj"] >= 300
    assert parts["adv"] >= 100


# One test for all rows of a field: of a test for each, most of the time would be pytest's own.
@pytest.mark.parametrize("field", sorted({row["field"] for row in ROWS}))
def test_every_row_of_a_field(field: str) -> None:
    for row in ROWS:
        if row["field"] == field:
            require_good(row)


def require_good(row: dict[str, str]) -> None:
    assert row["pos"] in PARTS_OF_SPEECH
    assert row["field"]
    assert row["eng_Latn"]
    assert row["split"] in set(Split)
    for code, language in LANGUAGES.items():
        forms = row[code].split("|") if row[code] else []
        assert all(form and form == form.strip() and "  " not in form for form in forms), row[code]
        assert len({match_key(form, language) for form in forms}) == len(forms) <= 4, row[code]
        for form in forms:
            assert not foreign_letters(form, language), form
            assert not unusual_characters(form, language), form
            assert not form.startswith("-") or code == "swh_Latn", form
            assert normalise(form, language) == form
        if row["pos"] == "verb" and code in VERBS:
            assert all(form.endswith(VERBS[code]) for form in forms), forms
    assert not row["swh_Latn"].startswith("-lio"), "a piece of a clause is no headword"


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_coverage(code: str) -> None:
    [found] = [row for row in stats(CORE).languages if row.code == code]
    assert found.share >= 0.95
    assert found.filled == sum(bool(row[code]) for row in ROWS)


def test_shares_of_the_splits_in_the_lexicon_and_in_its_large_strata() -> None:
    splits = Counter(row["split"] for row in ROWS)
    assert splits["control"] >= 350
    assert splits["audit"] >= 250
    assert 0.5 <= splits["train"] / len(ROWS) <= 0.6
    assert splits["dev"] / len(ROWS) <= 0.16
    for pos in ("noun", "verb", "adj"):
        share = Counter(row["split"] for row in ROWS if row["pos"] == pos)
        assert 0.15 <= share["control"] / share.total() <= 0.25, pos


def test_published_splits_are_frozen() -> None:
    """Concepts that are added get a split of their own and move none of these: SHA-256 of the splits of version 1.0.0."""
    drawn = sorted((row["concept"], row["split"]) for row in ROWS[:1804])
    assert hashlib.sha256("\n".join(map("\t".join, drawn)).encode()).hexdigest() == FROZEN


def test_the_core_is_clean() -> None:
    report = check(CORE)
    assert not report.failed
    assert [finding.message for finding in report.of("warning")] == []


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


def test_the_version_file_says_what_the_table_holds() -> None:
    facts = yaml.safe_load((FOLDER / VERSION_FILE).read_text("utf-8"))
    assert facts["content_hash"] == load_core().content_hash
    assert re.fullmatch(r"\d+\.\d+\.\d+", facts["version"])
    assert load_lexicon().version == facts["version"]


def test_a_concept_without_a_word_is_left_out_of_that_pair_only(tmp_path: Path) -> None:
    lines = TEXT.splitlines()
    cells = lines[1].split("\t")
    cells[COLUMNS.index("tuk_Latn")] = ""
    (tmp_path / CORE_FILE).write_text("\n".join([lines[0], "\t".join(cells), *lines[2:]]) + "\n", encoding="utf-8")
    (tmp_path / VERSION_FILE).write_text((FOLDER / VERSION_FILE).read_text("utf-8"), encoding="utf-8")
    core = load_core(tmp_path)
    assert cells[0] not in {p.concept for p in core.lexicon(*resolve_pair("tuk-eng")).pairs}
    assert cells[0] in {p.concept for p in core.lexicon(*resolve_pair("tur-eng")).pairs}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: ["concept\tpos", *lines[1:]], r"core\.tsv:1: the header must be concept, pos"),
        (
            lambda lines: [*lines[:3], lines[3] + "\textra", *lines[4:]],
            r"core\.tsv:4: 17 columns, but the header has 16",
        ),
        (lambda lines: [*lines[:3], lines[1], *lines[4:]], r"core\.tsv:4: concept 'head' .* already on line 2"),
        (
            lambda lines: [*lines[:2], lines[2].rsplit("\t", 1)[0] + "\ttest"],
            r"core\.tsv:3: split 'test' is not one of train",
        ),
    ],
)
def test_a_broken_table_is_refused_with_line_and_reason(tmp_path: Path, change, message: str) -> None:
    path = tmp_path / CORE_FILE
    path.write_text("\n".join(change(TEXT.splitlines())) + "\n", encoding="utf-8")
    with pytest.raises(LexiconError, match=message):
        read_core_table(path)


def test_a_concept_without_split_is_sent_to_the_release_tool(tmp_path: Path) -> None:
    lines = TEXT.splitlines()
    lines[5] = lines[5].rsplit("\t", 1)[0] + "\t"
    (tmp_path / CORE_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / VERSION_FILE).write_text("version: 1.0.0\nseed: 0\n", encoding="utf-8")
    with pytest.raises(LexiconError, match=r"1 concepts have no split, first .*tools/lexicon_release.py"):
        load_core(tmp_path)


def test_another_seed_draws_other_splits_over_the_same_pairs() -> None:
    published, other = load_lexicon(), load_lexicon(seed=1)
    assert published.seed == 0
    assert other.seed == 1
    assert {p.concept for p in published.pairs} == {p.concept for p in other.pairs}
    assert published.content_hash != other.content_hash
    assert not check(other).failed


def test_a_pair_can_be_read_in_either_direction() -> None:
    forward, backward = load_lexicon(pair="tur-kaz"), load_lexicon(pair="kaz-tur")
    assert [p.sources for p in forward.pairs] == [p.targets for p in backward.pairs]


def test_roots_on_two_sides_are_listed_and_counted_on_the_card() -> None:
    """The splits were frozen before these were found: nothing moves, but nothing is kept quiet either."""
    with_trained: dict[Split, set[str]] = {Split.CONTROL: set(), Split.AUDIT: set()}
    assert len(CORE.across) >= 138
    for one, two, evidence in CORE.across:
        sides = {CORE.splits[one], CORE.splits[two]}
        assert len(sides) == 2, (one, two)
        assert Split.DEV not in sides
        assert two not in (BY_CONCEPT[one].related or ()), "declared relatives are on one side"
        iso, words = evidence.split(" ", 1)
        [code] = [code for code in LANGUAGES if code.startswith(iso)]
        word, other = words.split("/")
        assert word in BY_CONCEPT[one].forms[code], evidence
        assert other in BY_CONCEPT[two].forms[code], evidence
        for concept, relative in ((one, two), (two, one)):
            if CORE.splits[relative] is Split.TRAIN:
                with_trained[CORE.splits[concept]].add(concept)
    told = " and ".join(
        f"{len(found)} of {sum(s is split for s in CORE.splits.values())} {split} words"
        for split, found in with_trained.items()
    )
    assert f"`across.tsv` lists {len(CORE.across)} such pairs; {told} have a trained relative in it." in (
        FOLDER / "README.md"
    ).read_text("utf-8")
    found = [finding for finding in check(CORE).findings if finding.kind == "root-across"]
    assert {finding.concepts for finding in found} == {relation[:2] for relation in CORE.across}
    assert {finding.severity for finding in found} == {"info"}


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("father", "parent"),
        ("fear", "terrible"),
        ("be-ashamed", "shy"),
        ("kettle", "tea"),
        ("camel", "ostrich"),
        ("conversation", "discuss"),
    ],
)
def test_a_family_that_no_ending_shows_is_known(one: str, two: str) -> None:
    """A compound, two words from a third, a verb and its noun in Swahili: apart on frozen splits, so they must be on the list."""
    declared = two in (BY_CONCEPT[one].related or ())
    assert declared or (one, two) in {relation[:2] for relation in CORE.across}


def test_a_broken_list_of_relations_is_refused(tmp_path: Path) -> None:
    for text, reason in (
        ("concept\tother\nbear\tfur\n", r"across\.tsv:1: the columns must be concept, other, evidence"),
        ("concept\tother\tevidence\nfur\tbear\ttur a/b\n", r"across\.tsv:2: two concepts in alphabetical order, once"),
    ):
        (tmp_path / "across.tsv").write_text(text, encoding="utf-8")
        with pytest.raises(LexiconError, match=reason):
            read_across(tmp_path)


def test_the_card_tells_how_many_adverbs_and_verbs_are_tested() -> None:
    card = " ".join((FOLDER / "README.md").read_text("utf-8").split())
    share = {
        pos: {split: sum(r["pos"] == pos and r["split"] == split for r in ROWS) for split in Split}
        for pos in ("adv", "verb")
    }
    adverbs, verbs = sum(share["adv"].values()), sum(share["verb"].values())
    assert (
        f"of {adverbs} only {share['adv'][Split.CONTROL]} are control and {share['adv'][Split.AUDIT]} audit words"
        in card
    )
    control, audit = (
        f"{share['verb'][split] / verbs:.0%}".replace("%", " %") for split in (Split.CONTROL, Split.AUDIT)
    )
    assert f"of the verbs {control} and {audit}" in card
