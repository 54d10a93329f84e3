"""Kinyarwanda from outside the package: with a file of its own, and with none."""

import json
import logging
import os

import pytest

from tests.command import tli_bench
from tests.languages.kinyarwanda import CODE, WORDS, language_file, word_list
from tli_bench.base.errors import LexiconError, UnknownNameError
from tli_bench.languages import find_language, resolve_pair
from tli_bench.languages.registry import registry
from tli_bench.lexicon import check, load_lexicon, match_key
from tli_bench.lexicon.pairs import SHOWN
from tli_bench.lexicon.stems import stem_key


@pytest.fixture
def outside(monkeypatch, tmp_path):
    """A folder of one's own languages, named in the environment; empty until a file is written into it."""
    folder = tmp_path / "mine"
    folder.mkdir()
    monkeypatch.setenv("TLI_BENCH_LANGUAGES", str(folder))
    return folder


def test_with_a_file_it_is_loaded_checked_and_split_by_its_rules(outside, tmp_path, caplog):
    language_file(outside)
    lexicon = load_lexicon(word_list(tmp_path / "words.tsv", "ikinyarwanda\tenglish"), pair="kin-eng")
    assert lexicon.pair == "kin_Latn-eng_Latn"
    assert len(lexicon.pairs) == len(WORDS)
    assert {split: len(lexicon.of(split)) > 0 for split in SHOWN} == dict.fromkeys(SHOWN, True)
    assert not check(lexicon).failed
    kinyarwanda = lexicon.source_language
    assert stem_key("ibitabo", kinyarwanda) == "ikitabo"
    assert stem_key("gukora", kinyarwanda) == "kora"
    assert match_key("KIGALI", kinyarwanda) == "kigali"
    assert "no file describes" not in caplog.text


def test_its_words_are_encoded_alone_and_inside_its_carrier(outside, tmp_path):
    from tli_bench.models.load import load_model
    from tli_bench.vectors.protocols import all_protocols

    language_file(outside)
    lexicon = load_lexicon(word_list(tmp_path / "words.tsv"), pair="kin-eng")
    carrier = all_protocols()["carrier:next"]
    assert carrier.template(CODE) == "Ijambo rikurikira ni iri: {word}."
    tokenizer = load_model("tiny").tokenizer
    for word in lexicon.source_words:
        assert tokenizer(carrier.template(CODE).replace("{word}", word))["input_ids"]


@pytest.mark.parametrize(
    ("pair", "header"),
    [
        ("kin_Latn-eng", "kin_Latn	eng_Latn"),
        ("kin-eng", "kin_Latn	eng"),
        ("kin-eng", "source	target"),
        ("kin-eng", "kin	eng"),
    ],
)
def test_without_a_file_it_is_read_by_defaults_with_a_warning(outside, tmp_path, caplog, pair, header):
    with caplog.at_level(logging.WARNING):
        lexicon = load_lexicon(word_list(tmp_path / "words.tsv", header), pair=pair)
    assert lexicon.pair == "kin_Latn-eng_Latn"
    assert len(lexicon.pairs) == len(WORDS)
    assert stem_key("ibitabo", lexicon.source_language) == "ibitabo"
    assert not check(lexicon).failed
    [warning] = [record.getMessage() for record in caplog.records if "no file describes" in record.getMessage()]
    assert "no file describes kin_Latn" in warning
    assert "plain casing, without an alphabet, citation forms or stem rules" in warning
    assert "write kin_Latn.yaml (docs/languages.md) into a folder and name the folder in TLI_BENCH_LANGUAGES" in warning
    assert resolve_pair("kin-eng")[0] == lexicon.source_language, "met once, known by its code"


def test_the_script_is_that_of_the_letters(outside, tmp_path):
    path = tmp_path / "words.tsv"
    path.write_text(
        "".join(f"{own}\t{english}\n" for own, english in (("су", "water"), ("от", "fire"), ("ат", "horse"))),
        encoding="utf-8",
    )
    lexicon = load_lexicon(path, pair="nog-eng")
    assert lexicon.pair == "nog_Cyrl-eng_Latn"
    path.write_text(path.read_text("utf-8").replace("су", "cу"), encoding="utf-8")  # a Latin c
    assert [finding.kind for finding in check(load_lexicon(path, pair="nog-eng")).of("error")] == ["wrong-script"]


def test_a_slip_in_a_code_is_no_new_language(outside, tmp_path):
    path = word_list(tmp_path / "words.tsv", "swahili\tenglish")
    with pytest.raises(LexiconError, match=r"no column for swx_Zyyy; languages here: swh_Latn, eng_Latn"):
        load_lexicon(path, pair="swx-eng")
    assert find_language("swx") is None
    with pytest.raises(UnknownNameError, match="unknown language 'swx'"):
        load_lexicon("core", pair="swx-eng")
    with pytest.raises(LexiconError, match=r"the core lexicon has no column swx_Latn; it has swh_Latn"):
        load_lexicon("core", pair="swx_Latn-eng")


def test_a_file_that_comes_later_is_taken(outside, tmp_path):
    words = word_list(tmp_path / "words.tsv")
    by_defaults = load_lexicon(words, pair="kin-eng").source_language
    assert not by_defaults.declared
    declared = registry().add(language_file(outside))
    assert load_lexicon(words, pair="kin-eng").source_language is declared
    assert (stem_key("ibitabo", by_defaults), stem_key("ibitabo", declared)) == ("ibitabo", "ikitabo")


@pytest.mark.parametrize("declared", [pytest.param(True, marks=pytest.mark.slow), False])
def test_the_command_line_scores_it(outside, tmp_path, declared):
    if declared:
        language_file(outside)
    output = tmp_path / "out"
    tli_bench(
        "run", "--lexicon", word_list(tmp_path / "words.tsv"), "--pairs", "kin-eng", "--adapter", "none", "--output", output
    )  # fmt: skip
    [path] = [path for path in output.rglob("*.json*") if path.name.startswith("kin_Latn-eng_Latn")]
    import gzip

    record = json.loads(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_text("utf-8"))
    assert record["pair"] == "kin_Latn-eng_Latn"
    assert record["signature"]["n"]["control"] >= 5
    assert os.environ["TLI_BENCH_LANGUAGES"] == str(outside)
