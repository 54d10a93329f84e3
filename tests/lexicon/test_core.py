"""Every row of the core lexicon, as published."""

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
from tli_bench.lexicon.core import CORE_FILE, VERSION_FILE, core_table, read_core_table
from tli_bench.lexicon.pairs import Split

FOLDER = data_dir("tasks") / "lexicon"
TEXT = (FOLDER / CORE_FILE).read_bytes().decode("utf-8")
COLUMNS = TEXT.split("\n", 1)[0].split("\t")
ROWS = [dict(zip(COLUMNS, line.split("\t"), strict=True)) for line in TEXT.splitlines()[1:]]
PARTS_OF_SPEECH = {"noun", "verb", "adj", "adv", "num", "pron", "conj"}
WELL_KNOWN = {"eng_Latn", "swh_Latn", "tur_Latn", "azj_Latn", "uzn_Latn", "kaz_Cyrl"}


def test_the_file_is_nfc_with_lf_and_as_we_write_it() -> None:
    assert unicodedata.is_normalized("NFC", TEXT)
    assert "\r" not in TEXT
    assert core_table(load_core()) == TEXT


def test_there_are_at_least_700_concepts_with_unique_plain_ids() -> None:
    ids = [row["concept"] for row in ROWS]
    assert len(ids) == len(set(ids)) >= 700
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in ids)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["concept"])
def test_row(row: dict[str, str]) -> None:
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


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_coverage(code: str) -> None:
    [found] = [row for row in stats(load_core()).languages if row.code == code]
    assert found.share >= (0.95 if code in WELL_KNOWN else 0.9)
    assert found.filled == sum(bool(row[code]) for row in ROWS)


def test_splits_are_about_70_10_20_in_the_lexicon_and_in_its_large_strata() -> None:
    splits = Counter(row["split"] for row in ROWS)
    assert 0.66 <= splits["train"] / len(ROWS) <= 0.74
    assert 0.07 <= splits["dev"] / len(ROWS) <= 0.13
    assert splits["control"] >= 130
    for pos in ("noun", "verb", "adj"):
        share = Counter(row["split"] for row in ROWS if row["pos"] == pos)
        assert 0.15 <= share["control"] / share.total() <= 0.25, pos


@pytest.mark.parametrize("name", DEFAULT_PAIRS)
def test_every_pair_has_a_hundred_control_concepts_and_none_leaks(name: str) -> None:
    lexicon = load_core().lexicon(*resolve_pair(name))
    assert len(lexicon.of(Split.CONTROL)) >= 100
    assert not check(lexicon).failed


def test_the_core_is_clean() -> None:
    report = check(load_core())
    assert not report.failed
    assert [finding.message for finding in report.of("warning")] == []


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
