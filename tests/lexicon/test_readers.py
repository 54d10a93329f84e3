import shutil
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from tli_bench.base.errors import LexiconError
from tli_bench.lexicon import Lexicon, load_lexicon
from tli_bench.lexicon.pairs import Split

FIXTURES = Path(__file__).parent / "fixtures"


def forms(lexicon: Lexicon) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(pair.sources, pair.targets) for pair in lexicon.pairs]


def test_two_columns_without_header() -> None:
    read = load_lexicon(FIXTURES / "two_columns.tsv", pair="swh-eng")
    assert forms(read) == [(("maji",), ("water",)), (("nyumba",), ("house", "home")), (("zuri",), ("good",))]
    assert read.name == "two_columns"


def test_a_header_names_columns_in_any_order_and_may_bring_splits() -> None:
    read = load_lexicon(FIXTURES / "header.csv", pair="swh-eng")
    assert forms(read) == [(("maji",), ("water, fresh",)), (("mbwa",), ("dog",)), (("ng'ombe",), ("cow",))]
    assert [pair.split for pair in read.pairs] == [Split.TRAIN, Split.DEV, Split.CONTROL]


def test_columns_name_a_tables_own_headings(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("id;neno;word\n1;maji;water\n", encoding="utf-8-sig")
    read = load_lexicon(path, pair="swh-eng", columns={"source": "neno", "target": "word"})
    assert forms(read) == [(("maji",), ("water",))]


def test_muse_lines_of_one_source_are_one_pair_with_variants() -> None:
    read = load_lexicon(FIXTURES / "muse.txt", pair="swh-eng")
    assert forms(read) == [
        (("maji",), ("water",)),
        (("MBWA",), ("DOG",)),
        (("baba mkubwa",), ("uncle",)),
        (("nyumba",), ("house", "home")),
        (("kaka",), ("older brother",)),
    ]
    assert read.pairs[1].concept == "mbwa"


def test_json_pairs_with_a_control_file_keep_a_leaking_concept_visible() -> None:
    read = load_lexicon(FIXTURES / "pairs.json", pair="swh-eng", control=FIXTURES / "control.json")
    assert {p.concept for p in read.of(Split.CONTROL)} == {"mwezi", "mbwa#control"}
    assert {p.split for p in read.pairs if p.concept in {"maji", "nyumba", "jua"}} <= {Split.TRAIN, Split.DEV}
    assert len(read.pairs) == 6


def test_json_lines_with_source_target_and_variants() -> None:
    assert forms(load_lexicon(FIXTURES / "pairs.jsonl", pair="swh-eng"))[1] == (("mbwa",), ("dog", "hound"))


def test_cldf_in_the_layout_of_wold_joins_by_concepticon_else_by_parameter() -> None:
    read = load_lexicon(FIXTURES / "wold", pair="swh-eng")
    assert forms(read) == [
        (("maji",), ("water",)),
        (("mbwa", "kibwa"), ("dog",)),
        (("nyumba",), ("house",)),
    ]
    assert [p.concept for p in read.pairs] == ["concepticon-948", "concepticon-2009", "4-2"]


def test_cldf_in_the_layout_of_northeuralex_reads_the_orthography_not_the_ipa() -> None:
    read = load_lexicon(FIXTURES / "northeuralex" / "cldf" / "cldf-metadata.json", pair="tur-azj")
    assert forms(read) == [(("göz",), ("göz",)), (("kulak",), ("qulaq",))]


def test_cldf_in_the_layout_of_ids_finds_languages_by_glottocode() -> None:
    read = load_lexicon(FIXTURES / "ids", pair="tat-bak")
    assert forms(read) == [(("елга",), ("йылға",)), (("күк", "һава"), ("күк",))]


def test_cldf_in_the_layout_of_savelyevturkic_is_refused_where_it_holds_transcriptions_alone() -> None:
    with pytest.raises(
        LexiconError, match=r"Northern Uzbek .* is a phonetic transcription \('tirnɔq', 'tɔʃ'; 2 of 2 .*form=COLUMN"
    ):
        load_lexicon(FIXTURES / "savelyevturkic", pair="tur-uzn")
    with pytest.raises(LexiconError, match="no column 'Spelling' in the FormTable; columns: ID, Local_ID"):
        load_lexicon(FIXTURES / "savelyevturkic", pair="tur-uzn", columns={"form": "Spelling"})


def test_freedict_takes_headwords_variants_and_translations_but_no_examples_or_plurals() -> None:
    read = load_lexicon(FIXTURES / "swh-eng.tei", pair="swh-eng")
    assert forms(read) == [(("kijana",), ("youth", "youngster")), (("kilomita", "kilometa"), ("kilometre",))]
    assert read.pairs[0].pos == "noun"


def test_freedict_is_turned_round_when_the_other_direction_is_asked() -> None:
    read = load_lexicon(FIXTURES / "swh-eng.tei", pair="eng-swh")
    assert forms(read)[:2] == [(("youth",), ("kijana",)), (("youngster",), ("kijana",))]


def test_panlex_lists_align_by_line_and_follow_the_script() -> None:
    read = load_lexicon(FIXTURES / "panlex", pair="tur-uzn")
    assert forms(read) == [(("ben",), ("men",)), (("siz",), ("siz", "sizlar")), (("iki",), ("ikki",))]
    assert [p.concept for p in read.pairs] == ["I", "you (singular)", "we"]


def test_parquet_with_column_mapping(tmp_path: Path) -> None:
    import datasets

    rows = {"translation": [{"sw": "maji", "en": "water"}, {"sw": "mbwa", "en": "dog"}]}
    datasets.Dataset.from_dict(rows).to_parquet(tmp_path / "pairs.parquet")
    columns = {"source": "translation.sw", "target": "translation.en"}
    read = load_lexicon(tmp_path / "pairs.parquet", pair="swh-eng", columns=columns)
    assert forms(read) == [(("maji",), ("water",)), (("mbwa",), ("dog",))]


def test_a_small_parquet_file_that_says_millions_of_rows_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, rows = tmp_path / "pairs.parquet", 5_000_001
    one = pyarrow.DictionaryArray.from_arrays(np.zeros(rows, dtype=np.int8), ["maji"])
    parquet.write_table(pyarrow.table({"sw": one, "en": one}), path)
    assert path.stat().st_size < 40_000
    with pytest.raises(LexiconError, match=r"pairs\.parquet says 5,000,001 rows; at most 5,000,000 are read"):
        load_lexicon(path, pair="swh-eng")
    parquet.write_table(pyarrow.table({"sw": ["maji" * 1000] * 2000, "en": ["water"] * 2000}), path)
    monkeypatch.setattr("tli_bench.lexicon.readers.parquet.MOST_BYTES", 1 << 20)
    assert path.stat().st_size < 40_000
    with pytest.raises(LexiconError, match=r"pairs\.parquet: its values take more than 1 MiB; keep the columns"):
        load_lexicon(path, pair="swh-eng")


def test_a_hub_data_set_keeps_its_own_control_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    folder = tmp_path / "words"
    folder.mkdir()
    (folder / "train.csv").write_text("sw,en\nmaji,water\n", encoding="utf-8")
    (folder / "test.csv").write_text("sw,en\nmbwa,dog\n", encoding="utf-8")
    read = load_lexicon(f"hf:{folder}", pair="swh-eng")
    assert [(p.source, p.split) for p in read.pairs] == [("maji", Split.TRAIN), ("mbwa", Split.CONTROL)]


def test_a_column_with_the_split_overrules_the_splits_of_a_hub_data_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    folder = tmp_path / "words"
    folder.mkdir()
    (folder / "train.csv").write_text("sw,en,part\nmaji,water,test\n", encoding="utf-8")
    (folder / "test.csv").write_text("sw,en,part\nmbwa,dog,train\n", encoding="utf-8")
    read = load_lexicon(f"hf:{folder}", pair="swh-eng", split_column="part")
    assert {p.source: p.split for p in read.pairs} == {"maji": Split.CONTROL, "mbwa": Split.TRAIN}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("two_columns_broken.tsv", r"two_columns_broken\.tsv:2: 1 column\(s\), but 2 are needed: 'nyumba'"),
        ("header_broken.csv", r"header_broken\.csv:2: unexpected end of data"),
        ("muse_broken.txt", r"muse_broken\.txt:2: 'baba mkubwa uncle' is not a pair of two words; join .* underscore"),
        ("pairs_broken.json", r"pairs_broken\.json:3: not JSON: Expecting ',' delimiter"),
        ("pairs_other_language.json", r"item 1: nothing under eng_Latn \(english\); keys: swahili, turkish"),
        ("broken.tei", r"broken\.tei:4: not well-formed XML: mismatched tag"),
        ("bomb.tei", r"bomb\.tei:3: declares the entity 'a'.* refused"),
        ("panlex", r"no list for Swahili \(swh-000\.txt\); lists here: tur-000, uzn-000, uzn-001"),
        ("savelyevturkic", r"no Swahili \(swh\); languages here: Kazakh, Turkish, Uzbek"),
    ],
)
def test_a_broken_source_names_file_place_and_reason(name: str, message: str) -> None:
    with pytest.raises(LexiconError, match=message):
        load_lexicon(FIXTURES / name, pair="swh-eng")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("latin1.tsv", "maji\twater\nkahawa\tcafé\n".encode("latin-1"), r"latin1\.tsv:2: byte 0xe9 is not UTF-8"),
        ("utf16.tsv", "maji\twater\n".encode("utf-16"), r"utf16\.tsv:1: byte 0xff is not UTF-8"),
        ("nul.tsv", b"maji\twa\0ter\n", r"nul\.tsv:1: there is a NUL character"),
        ("empty.tsv", b"\n\n", r"empty\.tsv:1: the file is empty"),
        ("blank.tsv", b"maji\t \n", r"blank\.tsv:1: the target word is empty"),
        ("invisible.tsv", "maji\t\u200b\n".encode(), r"invisible\.tsv:1: nothing is left of the target word"),
        (
            "other.tsv",
            b"swahili\tturkish\nmaji\tsu\n",
            r"other\.tsv:1: no column for eng_Latn; languages here: swh_Latn",
        ),
        (
            "split.tsv",
            b"swahili\tenglish\tsplit\nmaji\twater\ttest\n",
            r"split\.tsv:2: split 'test' is not one of train",
        ),
        (
            "twice.tsv",
            b"concept\tswahili\tenglish\nx\tmaji\twater\nx\tmbwa\tdog\n",
            r"twice\.tsv:3: concept 'x' .* twice",
        ),
        ("top.json", b'{"swahili": "maji"}', r"top\.json:1: the top of the file is a dict, not a list"),
        ("item.json", b'["maji"]', r"item 1: 'maji' is not an object"),
        ("number.json", b'[{"swahili": "maji", "english": 3}]', r"item 1: english: '3' is not a word"),
        ("lines.jsonl", b'{"swahili": "maji", "english": "water"}\n{"swahili"\n', r"lines\.jsonl:2: not JSON"),
        ("words.docx", b"PK", r"words\.docx: no reader for '\.docx'; known: \.tsv, \.csv"),
        ("swh-tur.tei", b"<TEI/>", r"swh-tur\.tei: this is a list of swh-tur, not of swh-eng"),
        ("entry.tei", b"<TEI><entry/></TEI>", r"entry\.tei:1: no TEI entry"),
        ("broken.parquet", b"PAR1", r"broken\.parquet: not a readable parquet file"),
    ],
)
def test_malformed_files(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(LexiconError, match=message):
        load_lexicon(path, pair="swh-eng")


def test_columns_that_are_not_there_are_listed() -> None:
    with pytest.raises(LexiconError, match="no column 'sw' for the source; columns: English, Swahili, split"):
        load_lexicon(FIXTURES / "header.csv", pair="swh-eng", columns={"source": "sw", "target": "English"})


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("forms.csv", "Language_ID", "Speech", r"wold: no row has a word in both swh_Latn and eng_Latn"),
        (
            "forms.csv",
            "3-61,mbwa",
            "7-77,mbwa",
            r"form 'Swahili-3-61-1': parameter '7-77' is not in the ParameterTable",
        ),
        ("forms.csv", ",1-31,maji,maji,", ",1-31,maji,,", r"forms\.csv:2:6 Form: required column value is missing"),
        ("cldf-metadata.json", "{", "", r"cldf-metadata\.json: not CLDF metadata"),
        ("cldf-metadata.json", '"forms.csv"', '"../forms.csv"', r"the table '\.\./forms\.csv' is outside the data set"),
    ],
)
def test_broken_cldf(tmp_path: Path, file: str, old: str, new: str, message: str) -> None:
    shutil.copytree(FIXTURES / "wold", tmp_path / "wold")
    path = tmp_path / "wold" / "cldf" / file
    path.write_text(path.read_text("utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(LexiconError, match=message):
        load_lexicon(tmp_path / "wold", pair="swh-eng")


def test_a_cldf_data_set_without_its_forms_is_refused(tmp_path: Path) -> None:
    shutil.copytree(FIXTURES / "wold", tmp_path / "wold")
    (tmp_path / "wold" / "cldf" / "forms.csv").unlink()
    with pytest.raises(LexiconError, match=r"not a readable Wordlist.*forms\.csv"):
        load_lexicon(tmp_path / "wold", pair="swh-eng")
