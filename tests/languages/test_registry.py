"""Languages are read from their files: names, order, errors that name file and key, and files that fail only their own language."""

import logging
import shutil

import pytest

from tests.command import tli_bench
from tests.languages.kinyarwanda import CODE, FILE, language_file
from tli_bench.base.errors import InputError, LanguageError, LexiconError, UnknownNameError
from tli_bench.base.paths import data_dir
from tli_bench.languages import (
    DEFAULT_PAIRS,
    LANGUAGES,
    default_pair,
    find_language,
    language_of,
    pair_id,
    pivot,
    register_language,
    resolve_language,
    resolve_pair,
)
from tli_bench.languages.registry import Registry, read_language, registry
from tli_bench.lexicon.core import CORE_FILE, VERSION_FILE, load_core

FILES = data_dir("tasks") / "languages"
PAIRS = data_dir("tasks") / "pairs.yaml"
ELEVEN = [
    "eng_Latn", "swh_Latn", "tur_Latn", "azj_Latn", "uzn_Latn", "kaz_Cyrl", "kir_Cyrl", "tat_Cyrl", "bak_Cyrl", "tuk_Latn",
    "uig_Arab",
]  # fmt: skip


@pytest.fixture
def copied(tmp_path):
    """A folder with copies of all language files, and a registry of it."""
    folder = tmp_path / "languages"
    shutil.copytree(FILES, folder)
    return folder, lambda: Registry([folder], PAIRS)


@pytest.mark.parametrize("path", sorted(FILES.glob("*")), ids=lambda path: path.name)
def test_every_file_is_a_language(path):
    language = read_language(path)
    assert language.declared
    assert language.family
    assert language.branch


def test_the_core_lexicon_and_the_files_name_the_same_languages_in_the_same_order():
    assert list(LANGUAGES) == list(load_core().languages) == ELEVEN
    assert pivot().code == "eng_Latn"
    assert [language.code for language in registry() if language.pivot] == ["eng_Latn"]
    assert len(DEFAULT_PAIRS) == 15
    assert DEFAULT_PAIRS[0] == "swh_Latn-eng_Latn"
    assert default_pair() == "swh-eng"


def test_no_two_languages_claim_one_name():
    claimed = [name.lower() for language in registry() for name in (*language.called, language.name)]
    own = [name for language in registry() for name in {part.lower() for part in (*language.called, language.name)}]
    assert len(set(claimed)) == len(own)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("swh_Latn", "swh_Latn"), ("SWH_LATN", "swh_Latn"), ("swh", "swh_Latn"), ("sw", "swh_Latn"), ("Swahili", "swh_Latn"),
        (" kiswahili ", "swh_Latn"), ("tat", "tat_Cyrl"), ("tat_Latn", "tat_Latn"), ("kaz", "kaz_Cyrl"), ("de", "deu_Latn"),
        ("north azerbaijani", "azj_Latn"), ("aze", "azj_Latn"), ("uzb", "uzn_Latn"),
    ],
)  # fmt: skip
def test_what_people_write_is_understood(name, code):
    assert resolve_language(name).code == code


def test_what_names_no_language_is_refused_with_near_names():
    with pytest.raises(UnknownNameError, match=r"unknown language 'swahilli'; did you mean 'swahili'"):
        resolve_language("swahilli")
    assert find_language("swx") is None
    with pytest.raises(InputError, match="pairs swh_Latn with itself"):
        resolve_pair("swh-sw")
    assert pair_id("sw", "english") == "swh_Latn-eng_Latn"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("name: Kinyarwanda\n", ""), "kin_Latn.yaml: the key `name` is missing"),
        (("aliases:", "alias:"), "kin_Latn.yaml: unknown key `alias`; did you mean 'aliases'?"),
        (("  alphabet:", "  alphabett:"), "unknown key `writing.alphabett`; did you mean 'alphabet'?"),
        (
            ("prefixes: [ku, gu, kw]", "prefixes: {ku: gu}"),
            "`words.prefixes` must be a list of texts, got {'ku': 'gu'}",
        ),
        (("iso639_1: rw", "iso639_1: no"), r"`iso639_1` must be a text \(quote it\), got False"),
        (
            ("code: kin_Latn", "code: kinyarwanda"),
            "`code` must be ISO 639-3 and ISO 15924 like swh_Latn, got 'kinyarwanda'",
        ),
        (("code: kin_Latn", "code: run_Latn"), "`code` is 'run_Latn'; the file must be called run_Latn.yaml"),
        (("{word}.", "."), "`carriers.next` must hold {word} exactly once"),
        (("family: Bantu", "family: [Bantu"), "kin_Latn.yaml: cannot be read"),
        (("family: Bantu", "file: x"), "unknown key `file`"),
    ],
)
def test_a_wrong_file_is_refused_with_file_and_key(tmp_path, change, message):
    path = language_file(tmp_path)
    assert FILE.replace(*change) != FILE
    path.write_text(FILE.replace(*change), encoding="utf-8")
    with pytest.raises(LanguageError, match=message):
        read_language(path)


def test_a_wrong_file_fails_its_own_language_and_no_other(copied, caplog):
    folder, make = copied
    (folder / "tuk_Latn.yaml").write_text("code: tuk_Latn\nname: Turkmen\ncolour: red\n", encoding="utf-8")
    known = make()
    with pytest.raises(LanguageError, match=r"tuk_Latn.yaml: unknown key `colour`"):
        known.get("tuk_Latn")
    assert known.find("Turkish").code == "tur_Latn"
    assert list(known.in_lexicon) == [code for code in ELEVEN if code != "tuk_Latn"]
    assert "tuk_Latn is left out" in caplog.text


def test_a_missing_file_takes_its_pairs_away_and_no_others(copied, caplog):
    folder, make = copied
    (folder / "tuk_Latn.yaml").unlink()
    known = make()
    assert known.pairs == tuple(pair for pair in DEFAULT_PAIRS if "tuk_Latn" not in pair)
    assert "tuk_Latn-eng_Latn is left out" in caplog.text
    assert known.find("tuk") is None


def test_a_column_without_a_file_and_a_file_without_a_column_fail_only_themselves(monkeypatch, tmp_path):
    language_file(tmp_path / "languages")
    monkeypatch.setenv("TLI_BENCH_LANGUAGES", str(tmp_path / "languages"))
    lexicon = data_dir("tasks") / "lexicon"
    rows = [line.split("\t") for line in (lexicon / CORE_FILE).read_text("utf-8").splitlines()]
    rows = [[*row[:-1], "run_Latn" if i == 0 else f"ijambo{i}", row[-1]] for i, row in enumerate(rows)]
    (tmp_path / CORE_FILE).write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / VERSION_FILE).write_bytes((lexicon / VERSION_FILE).read_bytes())
    core = load_core(tmp_path)
    assert core.languages == (*ELEVEN, "run_Latn")
    same = [
        load.lexicon(*resolve_pair("swh-eng"), seed=seed).content_hash for load in (core, load_core()) for seed in (0,)
    ]
    assert len(set(same)) == 1
    with pytest.raises(
        LexiconError,
        match=r"has a column run_Latn, but no file describes that language; write tasks/languages/run_Latn",
    ):
        core.lexicon(*resolve_pair("run_Latn-eng"))
    with pytest.raises(LexiconError, match=r"the core lexicon has no column kin_Latn"):
        core.lexicon(*resolve_pair("kin-eng"))


def test_the_core_reads_without_a_language_whose_file_is_wrong(monkeypatch, tmp_path, caplog):
    import tli_bench.languages.registry as module

    folder = tmp_path / "languages"
    shutil.copytree(FILES, folder)
    (folder / "uig_Arab.yaml").write_text("name: Uyghur\n", encoding="utf-8")
    expected = load_core().lexicon(*resolve_pair("swh-eng")).content_hash
    monkeypatch.setattr(module, "_REGISTRIES", {"": Registry([folder], PAIRS)})
    core = load_core()
    assert core.lexicon(*resolve_pair("swh-eng")).content_hash == expected
    assert "uig_Arab.yaml: the key `code` is missing; uig_Arab is left out" in caplog.text
    assert caplog.text.count("is left out") == 1
    with pytest.raises(LanguageError, match="the key `code` is missing"):
        resolve_pair("uig-eng")


def test_folders_and_files_from_outside_are_known(monkeypatch, tmp_path):
    language_file(tmp_path / "a")
    monkeypatch.setenv("TLI_BENCH_LANGUAGES", str(tmp_path / "a"))
    language = resolve_language("Ikinyarwanda")
    assert (language.code, language.branch, language.declared) == (CODE, "Great Lakes", True)
    assert CODE not in LANGUAGES
    monkeypatch.setenv("TLI_BENCH_LANGUAGES", str(tmp_path / "b"))
    assert find_language("kin") is None
    path = language_file(tmp_path / "b")
    assert register_language(path) == resolve_language("kin") == language_of(CODE)
    with pytest.raises(
        LanguageError, match=r"swh_Latn is already described by .*swh_Latn.yaml; there is one file per language"
    ):
        register_language(shutil.copy(FILES / "swh_Latn.yaml", tmp_path / "swh_Latn.yaml"))


def test_a_second_file_of_a_language_is_skipped_with_a_warning(copied, tmp_path, caplog):
    folder, _ = copied
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "swh_Latn.yaml").write_text("code: swh_Latn\nname: Other\n", encoding="utf-8")
    known = Registry([folder, tmp_path / "mine", tmp_path / "nowhere"], PAIRS)
    with caplog.at_level(logging.WARNING):
        assert known.get("swh_Latn").name == "Swahili"
    assert "is skipped: " in caplog.text
    assert "nowhere, which does not exist" in caplog.text


def test_languages_are_listed_with_those_of_the_environment(monkeypatch, tmp_path):
    language_file(tmp_path)
    monkeypatch.setenv("TLI_BENCH_LANGUAGES", str(tmp_path))
    listed = tli_bench("ls", "languages").splitlines()
    assert [line.split()[0] for line in listed][:11] == ELEVEN
    assert any(line.startswith("kin_Latn   Kinyarwanda") for line in listed)


def test_the_page_describes_every_key():
    from dataclasses import fields

    from tests.walk import ROOT
    from tli_bench.languages.language import Language, Scoring, Words, Writing

    page = (ROOT / "docs" / "languages.md").read_text(encoding="utf-8")
    keys = {field.name for kind in (Language, Writing, Words, Scoring) for field in fields(kind)} - {"file"}
    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []
