"""How tables are laid out: headers whatever their names, columns, direction, quotes, line ends, and splits of their own."""

import logging
from pathlib import Path

import pytest

from tli_bench.base.errors import InputError, LexiconError
from tli_bench.lexicon import Lexicon, load_lexicon
from tli_bench.lexicon.pairs import SHOWN, Split

BODY = "maji\twater\nmoto\tfire\nmwezi\tmoon\n"
WORDS = (("maji", "water"), ("moto", "fire"), ("mwezi", "moon"))


def written(tmp_path: Path, text: str, name: str = "words.tsv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def words(lexicon: Lexicon) -> tuple[tuple[str, str], ...]:
    return tuple((pair.source, pair.target) for pair in lexicon.pairs)


@pytest.mark.parametrize(
    "header",
    [
        "swahili\tenglish", "Swahili\tEnglish", "sw\ten", "swh_Latn\teng_Latn", "source\ttarget", "src\ttgt",
        "Swahili word\tEnglish translation", "word_sw\tword_en", "SW (Kiswahili)\tEN", "word\ttranslation",
        "lemma\tgloss", "Term 1\tTerm 2", "Kiswahili\tKiingereza", "neno\tmaana", "word\tmaana", "SWAHILI WORD\tGLOSS",
        "kolumna1\tkolumna2", "L1\tL2", "text_a\ttext_b", "forma_fo\tforma_ba", "Neno la Kiswahili\tMaana", "Kiswahili\tUfafanuzi",
        "msamiati\tenglish", "term\tequivalent", "query\tgold", "Wort\tÜbersetzung", "mot\ttraduction", "слово\tперевод",
    ],
)  # fmt: skip
def test_a_header_is_recognised_whatever_its_names(header: str, tmp_path: Path) -> None:
    assert words(load_lexicon(written(tmp_path, f"{header}\n{BODY}"), pair="swh-eng")) == WORDS


@pytest.mark.parametrize("header", ["NENO LA KWANZA\tNENO LA PILI", "kolumna\tколонка", "x\ty", "A\tB"])
def test_a_header_stands_out_by_its_capitals_its_script_or_single_letters(header: str, tmp_path: Path) -> None:
    path = written(tmp_path, f"{header}\n{BODY}jua\tsun\nmbwa\tdog\n")
    assert words(load_lexicon(path, pair="swh-eng"))[:3] == WORDS


def test_capitals_at_the_beginning_of_words_make_a_header_where_no_other_row_of_many_has_them(tmp_path: Path) -> None:
    pairs = {p.source.lower(): p.target.lower() for p in load_lexicon("core", pair="swh-eng").pairs[:30]}
    body, n = "".join(f"{source}\t{target}\n" for source, target in pairs.items()), len(pairs)
    for first, kept in (("Usemi\tKifasili", n), ("Usemi\tKifasili\nUlaya\tEurope", n + 2), ("Nairobi\tNairobi", n + 1)):
        path = written(tmp_path, f"{first}\n{body}")
        assert len(load_lexicon(path, pair="swh-eng").pairs) == kept, first


@pytest.mark.parametrize(
    ("pair", "row"),
    [
        ("swh-eng", "kiingereza\tenglish"), ("swh-eng", "neno\tword"), ("swh-eng", "lugha\tlanguage"), ("swh-eng", "jina\tname"),
        ("tur-eng", "az\tfew"), ("tur-eng", "form\tform"), ("swh-eng", "Afrika\tAfrica"), ("swh-eng", "TV\tTV"), ("tur-azj", "az\taz"),
        ("swh-eng", "kaa1\tcrab1"), ("swh-eng", "vitamini b\tvitamin b"), ("swh-eng", "Mswahili\tSwahili"), ("tur-eng", "Türk\tTurkish"),
        ("swh-eng", "tafsiri\trendering"), ("swh-eng", "Ulaya\tEurope"), ("tur-eng", "o\ta"),
    ],
)  # fmt: skip
def test_a_pair_is_not_taken_for_a_header(pair: str, row: str, tmp_path: Path) -> None:
    rest = {
        "swh-eng": BODY,
        "tur-eng": "su\twater\nateş\tfire\nay\tmoon\n",
        "tur-azj": "baş\tbaş\nsaç\tsaç\ngöz\tgöz\n",
    }[pair]
    read = load_lexicon(written(tmp_path, f"{row}\n{rest}"), pair=pair)
    assert words(read)[0] == tuple(row.split("\t"))
    assert len(read.pairs) == 4


def test_a_guess_is_logged_with_the_option_that_undoes_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = written(tmp_path, f"neno\tmaana\n{BODY}")
    with caplog.at_level(logging.WARNING):
        assert len(load_lexicon(path, pair="swh-eng").pairs) == 3
    assert "words.tsv:1: read as a header, not as a pair: neno, maana (`--header no` reads it as a pair)" in caplog.text
    assert len(load_lexicon(path, pair="swh-eng", header=False).pairs) == 4


def test_header_yes_takes_any_first_row_for_one(tmp_path: Path) -> None:
    path = written(tmp_path, f"jua\tsun\n{BODY}")
    assert len(load_lexicon(path, pair="swh-eng").pairs) == 4
    assert words(load_lexicon(path, pair="swh-eng", header=True)) == WORDS


def test_columns_are_named_or_numbered(tmp_path: Path) -> None:
    path = written(tmp_path, "id\tneno\tmaana\tmaelezo\n1\tmaji\twater\tx\n2\tmoto\tfire\ty\n3\tmwezi\tmoon\tz\n")
    assert words(load_lexicon(path, pair="swh-eng", columns=["neno", "maana"])) == WORDS
    assert words(load_lexicon(path, pair="swh-eng", columns=["2", "3"])) == WORDS
    named = load_lexicon(path, pair="swh-eng", columns={"source": "neno", "target": "maana", "concept": "id"})
    assert [pair.concept for pair in named.pairs] == ["1", "2", "3"]
    with pytest.raises(
        LexiconError, match=r"does not say which column is Swahili .*: id, neno, maana, maelezo; .*--columns"
    ):
        load_lexicon(path, pair="swh-eng")
    with pytest.raises(LexiconError, match="no column 'word' for the target; columns: id, neno, maana, maelezo"):
        load_lexicon(path, pair="swh-eng", columns=["neno", "word"])
    with pytest.raises(InputError, match=r"--columns must name two columns, source first .*, got 'neno'"):
        load_lexicon(path, pair="swh-eng", columns=["neno"])
    with pytest.raises(InputError, match="--columns: 'lemma' is not one of source, target, concept"):
        load_lexicon(path, pair="swh-eng", columns=["lemma=neno"])
    bare = written(tmp_path, "1\tmaji\twater\n2\tmoto\tfire\n3\tmwezi\tmoon\n", "bare.tsv")
    assert words(load_lexicon(bare, pair="swh-eng", columns=["2", "3"])) == WORDS
    with pytest.raises(LexiconError, match="no column '4' for the target: there is no header; give its number, 1 to 3"):
        load_lexicon(bare, pair="swh-eng", columns=["2", "4"])


ENGLISH_FIRST = "water\tmaji\nfire\tmoto\nmoon\tmwezi\n"


@pytest.mark.parametrize(
    "name",
    ["en-sw.tsv", "en_sw.tsv", "eng-swh.tsv", "english_swahili.tsv", "eng_Latn-swh_Latn.tsv", "test.en-sw.tsv", "en-sw.0-5000.txt",
     "my-list.freq.2k.en-sw.tsv"],
)  # fmt: skip
def test_the_name_of_a_file_tells_its_direction(name: str, tmp_path: Path) -> None:
    path = written(tmp_path, ENGLISH_FIRST, name)
    assert words(load_lexicon(path, pair="swh-eng")) == WORDS
    assert words(load_lexicon(path, pair="eng-swh")) == tuple((b, a) for a, b in WORDS)


def test_the_name_of_a_file_yields_to_its_header_and_to_swap(tmp_path: Path) -> None:
    assert words(load_lexicon(written(tmp_path, f"sw\ten\n{BODY}", "en-sw.tsv"), pair="swh-eng")) == WORDS
    assert words(load_lexicon(written(tmp_path, ENGLISH_FIRST, "sw-en.tsv"), pair="swh-eng", swap=True)) == WORDS
    with pytest.raises(LexiconError, match=r"this is a list of eng-swh, not of tur-eng; ask for --pairs eng-swh"):
        load_lexicon(written(tmp_path, ENGLISH_FIRST, "en-sw.tsv"), pair="tur-eng")
    assert len(load_lexicon(written(tmp_path, BODY, "train_en.tsv"), pair="swh-eng").pairs) == 3


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("quoted.tsv", '"maji"\t"water"\n"moto"\t"fire"\nmwezi\t"moon"\n'),
        ("quoted.csv", '"maji","water"\n"moto","fire"\n"mwezi","moon"\n'),
        ("quoted.txt", '"maji"\t"water"\n"moto"\t"fire"\n"mwezi"\t"moon"\n'),
        ("semicolons.csv", "maji;water\nmoto;fire\nmwezi;moon\n"),
        ("tabs.csv", "maji\twater\nmoto\tfire\nmwezi\tmoon\n"),
        ("cr.tsv", "maji\twater\rmoto\tfire\rmwezi\tmoon\r"),
        ("cr.csv", "maji,water\rmoto,fire\rmwezi,moon"),
        ("cr.txt", "maji water\rmoto fire\rmwezi moon"),
        ("crlf.tsv", "maji\twater\r\nmoto\tfire\r\nmwezi\tmoon\r\n"),
        ("mixed.tsv", "maji\twater\r\nmoto\tfire\rmwezi\tmoon\n"),
        ("bom.tsv", "\ufeffmaji\twater\nmoto\tfire\nmwezi\tmoon\n"),
    ],
)
def test_quotes_and_line_ends_are_read_as_they_are_meant(name: str, text: str, tmp_path: Path) -> None:
    assert words(load_lexicon(written(tmp_path, text, name), pair="swh-eng")) == WORDS


@pytest.mark.parametrize("name", ["lines.tsv", "lines.csv"])
def test_a_quoted_cell_may_run_over_lines(name: str, tmp_path: Path) -> None:
    mark = "\t" if name.endswith("tsv") else ","
    text = f'maji{mark}water\nbaba{mark}"father\n(male ""parent"")"\nmama{mark}mother\n'
    read = load_lexicon(written(tmp_path, text, name), pair="swh-eng")
    assert words(read) == (("maji", "water"), ("baba", 'father (male "parent")'), ("mama", "mother"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("open.tsv", 'maji\twater\nmoto\t"fire\nmwezi\tmoon\n', r"open\.tsv:2: unexpected end of data"),
        ("stray.csv", 'maji,water\n"moto" mkali,fire\n', r"stray\.csv:2: ',' expected after '\"'"),
        ("long.csv", 'maji,"water\n' + "x,y\n" * 30, r"long\.csv:1: .*close it within 10 lines"),
        ("short.cr.tsv", "maji\twater\rmoto\r", r"short\.cr\.tsv:2: 1 column\(s\), but 2 are needed: 'moto'"),
    ],
)
def test_quotes_that_do_not_match_are_refused_where_they_begin(
    name: str, text: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(LexiconError, match=message):
        load_lexicon(written(tmp_path, text, name), pair="swh-eng")


def test_a_list_may_bring_its_own_split(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = written(tmp_path, "swahili\tenglish\tgroup\nmaji\twater\ttrain\nmoto\tfire\tvalid\nmwezi\tmoon\ttest\n")
    read = load_lexicon(path, pair="swh-eng", split_column="group")
    assert [pair.split for pair in read.pairs] == [Split.TRAIN, Split.DEV, Split.CONTROL]
    with caplog.at_level(logging.WARNING):
        load_lexicon(path, pair="swh-eng")
    assert "column 'group' looks like the list's own split; `--split-column group` keeps it" in caplog.text
    bare = written(tmp_path, "maji\twater\ttrain\nmoto\tfire\tvalid\nmwezi\tmoon\ttest\n", "bare.tsv")
    assert [p.split for p in load_lexicon(bare, pair="swh-eng", split_column="3").pairs] == list(SHOWN)
    muse = written(tmp_path, "maji water train\nmoto fire valid\nmwezi moon test\n", "bare.txt")
    assert [p.split for p in load_lexicon(muse, pair="swh-eng", split_column="3").pairs] == list(SHOWN)
    objects = '[{"sw": "maji", "en": "water", "fold": "training"}, {"sw": "moto", "en": "fire", "fold": "held-out"}]'
    read = load_lexicon(written(tmp_path, objects, "words.json"), pair="swh-eng", split_column="fold")
    assert [pair.split for pair in read.pairs] == [Split.TRAIN, Split.CONTROL]


def test_a_split_that_is_not_known_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "swahili\tenglish\tsplit\nmaji\twater\ttest\n")
    with pytest.raises(LexiconError, match="split 'test' is not one of train, dev, control; --split-column reads it"):
        load_lexicon(path, pair="swh-eng")
    assert load_lexicon(path, pair="swh-eng", split_column="split").pairs[0].split == Split.CONTROL
    other = written(tmp_path, "swahili\tenglish\tgroup\nmaji\twater\tA\n")
    with pytest.raises(LexiconError, match=r"split 'A' is not one of train, training, .*test"):
        load_lexicon(other, pair="swh-eng", split_column="group")
    gaps = written(tmp_path, "swahili\tenglish\tgroup\nmaji\twater\ttrain\nmoto\tfire\t\n", "gaps.tsv")
    with pytest.raises(LexiconError, match=r"gaps\.tsv:3: split '' is not one of train"):
        load_lexicon(gaps, pair="swh-eng", split_column="group")
    with pytest.raises(LexiconError, match="no column 'groups' for the split; columns: swahili, english, group"):
        load_lexicon(other, pair="swh-eng", split_column="groups")


def test_json_of_unknown_keys_says_which_there_are(tmp_path: Path) -> None:
    path = written(tmp_path, '[{"neno": "maji", "maana": "water"}]', "words.json")
    with pytest.raises(LexiconError, match="keys: neno, maana; name two of them with --columns"):
        load_lexicon(path, pair="swh-eng")
    assert words(load_lexicon(path, pair="swh-eng", columns=["neno", "maana"])) == WORDS[:1]


def test_further_columns_of_words_are_not_passed_over_in_silence(tmp_path: Path) -> None:
    text = "water\tвода\tһыу\nfire\tогонь\tут\nmoon\tлуна\tай\n"
    path = written(tmp_path, text)
    with pytest.raises(
        LexiconError, match=r"words\.tsv:1: there are 3 columns and no header: 'water', 'вода', 'һыу'; .*--columns"
    ):
        load_lexicon(path, pair="bak-eng")
    assert load_lexicon(path, pair="bak-eng", columns=["3", "1"]).source_words == ("һыу", "ут", "ай")
    labels = written(tmp_path, "maji\twater\tnoun\t12.5\nmoto\tfire\tnoun\t9\nmwezi\tmoon\tnoun\t7\n", "labels.tsv")
    assert words(load_lexicon(labels, pair="swh-eng")) == WORDS


@pytest.mark.parametrize(
    "header", ["Bashqort\tEnglish\tFreq", "Башҡортса\tword\tfreq", "ba\ttranslation\tRank", "lemma\tgloss\tnotes"]
)
def test_columns_that_hold_no_words_do_not_make_a_header_unclear(header: str, tmp_path: Path) -> None:
    path = written(tmp_path, f"{header}\nһыу\twater\t100\nут\tfire\t90\nай\tmoon\t80\n")
    assert words(load_lexicon(path, pair="bak-eng")) == (("һыу", "water"), ("ут", "fire"), ("ай", "moon"))
