"""Readers of dictionaries, wordnets and survey lists, tried on small files of our own words in their real layouts."""

import json
import shutil
from pathlib import Path

import pytest

from tli_bench.base.errors import LexiconError
from tli_bench.lexicon import Lexicon, load_lexicon
from tli_bench.lexicon.readers.swadesh import SWADESH

FIXTURES = Path(__file__).parent / "fixtures"


def forms(lexicon: Lexicon) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(pair.sources, pair.targets) for pair in lexicon.pairs]


def written(folder: Path, name: str, text: str, *, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


# PanLex


def panlex(folder: Path, **lists: dict[int, str]) -> Path:
    """A folder of lists of 207 lines, of which only some are filled."""
    for name, words in lists.items():
        lines = [words.get(number, "") for number in range(1, 208)]
        written(folder, f"{name.replace('_', '-')}.txt", "\n".join(lines) + "\n")
    return folder


def test_the_concepts_of_panlex_have_their_usual_labels(tmp_path: Path) -> None:
    assert len(SWADESH) == len(set(SWADESH)) == 207
    english = {1: "I", 44: "animal", 74: "eye", 150: "water", 156: "stone", 207: "name"}
    swahili = {1: "mimi", 44: "mnyama", 74: "jicho", 150: "maji", 156: "jiwe", 207: "jina"}
    read = load_lexicon(panlex(tmp_path / "swadesh207", eng_000=english, swh_000=swahili), pair="swh-eng")
    assert {pair.target: pair.concept for pair in read.pairs} == {word: word for word in english.values()}
    short = load_lexicon(panlex(tmp_path / "swadesh110", eng_000=english, swh_000=swahili), pair="swh-eng")
    assert short.pairs[0].concept == "swadesh110-001"


def test_codes_in_panlex_are_dropped_and_no_synonym_is_preferred_for_its_place(tmp_path: Path) -> None:
    english = {1: "I", 2: "thou\tyou", 150: "body of water\twater"}
    one = panlex(tmp_path / "one", eng_000=english, swh_000={1: "mimi\tm1mi", 2: "wewe\twe~%", 3: "y3y3", 150: "maji"})
    read = load_lexicon(one, pair="swh-eng")
    assert forms(read) == [(("mimi",), ("I",)), (("wewe",), ("you", "thou")), (("maji",), ("water", "body of water"))]
    turned = {number: "\t".join(reversed(line.split("\t"))) for number, line in english.items()}
    other = panlex(tmp_path / "other", eng_000=turned, swh_000={1: "mimi", 2: "wewe", 150: "maji"})
    assert forms(load_lexicon(other, pair="swh-eng")) == forms(read)


def test_a_list_of_panlex_that_is_codes_gives_way_to_one_that_is_not(tmp_path: Path) -> None:
    coded = dict(enumerate(["b3n", "s3n", "o~", "b1z"], start=1))
    both = panlex(tmp_path / "both", tur_000=coded, tur_001={1: "ben", 2: "sen"}, eng_000={1: "I", 2: "you"})
    assert forms(load_lexicon(both, pair="tur-eng")) == [(("ben",), ("I",)), (("sen",), ("you",))]
    alone = panlex(tmp_path / "alone", tur_000=coded, eng_000={1: "I", 2: "you"})
    with pytest.raises(LexiconError, match=r"tur-000\.txt: there are only codes in it, no words of Turkish"):
        load_lexicon(alone, pair="tur-eng")


# FreeDict

TEI = """<?xml version="1.0" encoding="{encoding}"?>
{doctype}<TEI xmlns="http://www.tei-c.org/ns/1.0"><text><body>
<entry><form><orth>{head}</orth></form><sense><cit type="trans"><quote>{quote}</quote></cit></sense></entry>
</body></text></TEI>
"""


def test_an_entity_that_is_not_defined_is_an_error_and_not_a_lost_letter(tmp_path: Path) -> None:
    doctype = '<!DOCTYPE TEI SYSTEM "freedict.dtd">\n'
    text = TEI.format(encoding="UTF-8", doctype=doctype, head="kahawa", quote="caf&eacute;")
    with pytest.raises(
        LexiconError, match=r"swh-eng\.tei:4: uses the entity '&eacute;', which it does not define; write"
    ):
        load_lexicon(written(tmp_path, "swh-eng.tei", text), pair="swh-eng")
    bare = TEI.format(encoding="UTF-8", doctype="", head="kahawa", quote="caf&eacute;")
    with pytest.raises(LexiconError, match=r"swh-eng\.tei:3: not well-formed XML: undefined entity"):
        load_lexicon(written(tmp_path, "swh-eng.tei", bare), pair="swh-eng")
    known = TEI.format(encoding="UTF-8", doctype=doctype, head="kahawa", quote="caf&#233; &amp; bar")
    assert load_lexicon(written(tmp_path, "swh-eng.tei", known), pair="swh-eng").target_words == ("café & bar",)


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "ISO-8859-1", "windows-1252", "US-ASCII"])
def test_freedict_is_read_in_any_encoding_that_expat_knows(encoding: str, tmp_path: Path) -> None:
    quote = "coffee" if encoding == "US-ASCII" else "café"
    text = TEI.format(encoding=encoding, doctype="", head="kahawa", quote=quote)
    assert load_lexicon(written(tmp_path, "swh-eng.tei", text, encoding=encoding), pair="swh-eng").target_words == (
        quote,
    )


def test_cyrillic_encodings_are_read_and_unknown_ones_refused(tmp_path: Path) -> None:
    for encoding in ("koi8-r", "windows-1251"):
        text = TEI.format(encoding=encoding, doctype="", head="вода", quote="water")
        read = load_lexicon(written(tmp_path, "rus-eng.tei", text, encoding=encoding), pair="rus-eng")
        assert read.source_words == ("вода",)
    for encoding, reason in (("x-none", "unknown encoding"), ("gb2312", "multi-byte encodings are not supported")):
        text = TEI.format(encoding=encoding, doctype="", head="maji", quote="water")
        with pytest.raises(LexiconError, match=rf"swh-eng\.tei.*{reason}"):
            load_lexicon(written(tmp_path, "swh-eng.tei", text), pair="swh-eng")


def test_a_remark_inside_a_definition_is_not_a_part_of_the_word(tmp_path: Path) -> None:
    """The Swahili-English dictionary of FreeDict has its notes inside `def`."""
    entry = (
        "<entry><form><orth>mfugo</orth></form><sense><note>of a farm</note>"
        '<def><note type="hint">domesticated</note> animal, beast <usg>rare</usg></def></sense></entry>'
    )
    text = TEI.format(encoding="UTF-8", doctype="", head="maji", quote="water").replace("</body>", f"{entry}</body>")
    read = load_lexicon(written(tmp_path, "swh-eng.tei", text), pair="swh-eng")
    assert forms(read) == [(("maji",), ("water",)), (("mfugo",), ("animal", "beast"))]


# Open Multilingual Wordnet

OMW_ENGLISH = """# English\teng\thttp://example.org\tCC BY
00000001-n\teng:lemma\twater
00000002-n\teng:lemma\tfire
00000003-v\teng:lemma\tgo_up
00000003-v\teng:lemma\tascend
00000003-v\teng:def\t0\tmove upward
00000004-a\teng:lemma\tgood
"""
OMW_SWAHILI = """# Kiswahili\tswh\thttp://example.org\tCC BY
00000001-n\tswh:lemma\tmaji
00000003-v\tswh:lemma\tpanda
00000003-v\tswh:exe\t0\talipanda mlima
00000004-a\tlemma\tzuri
00000009-n\tswh:lemma\tjua
"""


def omw(folder: Path) -> Path:
    written(folder, "eng/wn-data-eng.tab", OMW_ENGLISH)
    written(folder, "swh/wn-data-swh.tab", OMW_SWAHILI)
    return folder


def test_wordnets_are_joined_by_synset(tmp_path: Path) -> None:
    expected = [(("maji",), ("water",)), (("panda",), ("go up", "ascend")), (("zuri",), ("good",))]
    for source in (omw(tmp_path), tmp_path / "swh" / "wn-data-swh.tab", tmp_path / "eng" / "wn-data-eng.tab"):
        read = load_lexicon(source, pair="swh-eng")
        assert forms(read) == expected
        assert [(pair.concept, pair.pos) for pair in read.pairs] == [
            ("00000001-n", "noun"), ("00000003-v", "verb"), ("00000004-a", "adj"),
        ]  # fmt: skip
    one = written(tmp_path / "one", "wn-both.tab", OMW_ENGLISH + OMW_SWAHILI)
    assert forms(load_lexicon(one, pair="swh-eng")) == expected


def test_files_of_other_layouts_in_a_folder_of_wordnets_are_passed_over(tmp_path: Path) -> None:
    """As in the repository of the Open Multilingual Wordnet, whose folders also hold lists of changes and of identifiers."""
    expected = forms(load_lexicon(omw(tmp_path), pair="swh-eng"))
    written(tmp_path, "etc/wn-core-ili.tab", "i21778\ni35549\n")
    written(tmp_path, "swh/swh-changes.tab", "2025-02-01\tREMOVED\t00000001-n\tswh:lemma\tmoto\n")
    assert forms(load_lexicon(tmp_path, pair="swh-eng")) == expected


def test_a_wordnet_without_its_partner_says_what_is_missing(tmp_path: Path) -> None:
    alone = written(tmp_path / "a" / "b", "wn-data-swh.tab", OMW_SWAHILI)
    with pytest.raises(LexiconError, match=r"no lemmas of English \(eng\) in wn-data-swh\.tab; add its `\.tab` file"):
        load_lexicon(alone, pair="swh-eng")
    broken = written(tmp_path / "c", "wn-data-swh.tab", "00000001-n\tswh:lemma\n")
    with pytest.raises(LexiconError, match=r"wn-data-swh\.tab:1: 2 column\(s\), but a row is synset, type and word"):
        load_lexicon(broken, pair="swh-eng")


# Apertium

DIX = """<?xml version="1.0" encoding="UTF-8"?>
<dictionary>
  <alphabet/>
  <sdefs><sdef n="n" c="Noun"/></sdefs>
  <pardefs><pardef n="x"><e><p><l>no</l><r>word</r></p></e></pardef></pardefs>
  <section id="main" type="standard">
    <e><p><l>су<s n="n"/></l><r>su<s n="n"/></r></p></e>
    <e><p><l>темір<b/>жол<s n="n"/></l><r>demiryolu<s n="n"/></r></p></e>
    <e r="LR"><p><l>бару<s n="vblex"/></l><r>gitmek<s n="vblex"/></r></p></e>
    <e r="RL"><p><l>кету<s n="vblex"/></l><r>ayrılmak<s n="vblex"/></r></p></e>
    <e><p><l>шығу<g><b/>кету</g><s n="vblex"/></l><r>çıkmak<s n="vblex"/></r></p><par n="x"/></e>
    <e><p><l>Алматы<s n="np"/></l><r>Almatı<s n="np"/></r></p></e>
    <e><re>[0-9]+</re><p><l><s n="num"/></l><r><s n="num"/></r></p></e>
    <e i="yes"><p><l>жоқ</l><r>yok</r></p></e>
  </section>
</dictionary>
"""


def test_an_apertium_dictionary_is_read_in_the_direction_of_its_name(tmp_path: Path) -> None:
    path = written(tmp_path, "apertium-kaz-tur.kaz-tur.dix", DIX)
    read = load_lexicon(path, pair="kaz-tur")
    assert forms(read) == [
        (("су",), ("su",)), (("темір жол",), ("demiryolu",)), (("бару",), ("gitmek",)), (("шығу кету",), ("çıkmak",)),
    ]  # fmt: skip
    assert [pair.pos for pair in read.pairs] == ["noun", "noun", "verb", "verb"]
    back = load_lexicon(path, pair="tur-kaz")
    assert back.source_words == ("su", "demiryolu", "ayrılmak", "çıkmak")
    assert load_lexicon(written(tmp_path, "bidix.dix", DIX), pair="tur-kaz", swap=True).source_words[0] == "su"


def test_what_both_sides_share_is_written_once_in_apertium(tmp_path: Path) -> None:
    text = '<dictionary><section id="main"><e><i>ay</i></e><e><i>su</i><p><l/><r>y</r></p></e></section></dictionary>'
    assert forms(load_lexicon(written(tmp_path, "tuk-tur.dix", text), pair="tuk-tur")) == [
        (("ay",), ("ay",)), (("su",), ("suy",)),
    ]  # fmt: skip
    with pytest.raises(LexiconError, match=r"mono\.dix:1: no entry has a word on both sides"):
        load_lexicon(written(tmp_path, "mono.dix", "<dictionary/>"), pair="tuk-tur")


# Wiktionary


def entries(folder: Path, *items: object, name: str = "kaikki.org-dictionary-English.jsonl") -> Path:
    return written(folder, name, "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items))


WATER = {
    "word": "water", "lang": "English", "lang_code": "en", "pos": "noun", "senses": [{"glosses": ["A clear liquid."]}],
    "translations": [
        {"lang": "Swahili", "lang_code": "sw", "code": "sw", "sense": "clear liquid", "word": "maji"},
        {"lang": "Turkish", "code": "tr", "sense": "clear liquid", "word": "su"},
        {"lang": "Kazakh", "code": "kk", "sense": "clear liquid", "word": "су", "roman": "su"},
        {"lang": "Kazakh", "code": "kk", "sense": "clear liquid", "word": "سۋ"},
        {"lang": "Turkish", "code": "tr", "sense": "mineral water", "word": "maden suyu"},
        {"lang": "Turkish", "code": "tr", "sense": "mineral water", "note": "no word here"},
    ],
}  # fmt: skip
NAME = {"word": "Ada", "lang_code": "en", "pos": "name", "translations": [{"code": "sw", "word": "Ada"}]}


def test_translations_of_wiktionary_are_pairs_by_sense(tmp_path: Path) -> None:
    path = entries(tmp_path, WATER, NAME)
    assert forms(load_lexicon(path, pair="swh-eng")) == [(("maji",), ("water",))]
    assert forms(load_lexicon(path, pair="eng-tur")) == [(("water",), ("su", "maden suyu"))]
    assert forms(load_lexicon(path, pair="kaz-tur")) == [(("су",), ("su",))]
    assert load_lexicon(path, pair="kaz-tur").pairs[0].pos == "noun"
    with pytest.raises(LexiconError, match="no entry translates Tatar and Bashkir into each other; take the extract"):
        load_lexicon(path, pair="tat-bak")


def test_short_glosses_of_wiktionary_are_translations_into_english(tmp_path: Path) -> None:
    senses = [
        {"glosses": ["water (clear liquid)", "fluid; juice"]},
        {"glosses": ["a very long explanation of something that has no word"]},
        {"glosses": ["plural of kitu"], "form_of": [{"word": "kitu"}]},
        {"glosses": ["inflection"], "tags": ["form-of"]},
    ]
    maji = {"word": "maji", "lang": "Swahili", "lang_code": "sw", "pos": "noun", "senses": senses}
    moto = {
        "word": "moto",
        "lang": "Swahili",
        "lang_code": "sw",
        "pos": "noun",
        "senses": [{"glosses": ["fire, heat"]}],
    }
    path = entries(
        tmp_path, maji, moto, {"word": "-ji", "lang_code": "sw", "pos": "suffix"}, name="kaikki-Swahili.json"
    )
    assert forms(load_lexicon(path, pair="swh-eng")) == [(("maji",), ("fluid", "juice")), (("moto",), ("fire", "heat"))]
    assert load_lexicon(path, pair="eng-swh").source_words == ("fluid", "juice", "fire", "heat")


def test_translations_within_a_sense_of_wiktionary_belong_to_it(tmp_path: Path) -> None:
    """Wiktextract puts those that it could assign into the sense, the others into the entry."""

    def said(code: str, word: str) -> dict[str, str]:
        return {"lang_code": code, "word": word}

    light = {
        "word": "light", "lang_code": "en", "pos": "noun",
        "senses": [
            {"glosses": ["visible radiation"], "translations": [said("sw", "mwanga"), said("tr", "ışık")]},
            {"glosses": ["source of illumination"], "translations": [said("sw", "taa"), said("tr", "lamba")]},
        ],
    }  # fmt: skip
    path = entries(tmp_path, light)
    assert forms(load_lexicon(path, pair="swh-eng")) == [(("mwanga",), ("light",)), (("taa",), ("light",))]
    assert forms(load_lexicon(path, pair="swh-tur")) == [(("mwanga",), ("ışık",)), (("taa",), ("lamba",))]


def test_a_broken_line_of_an_extract_is_named(tmp_path: Path) -> None:
    path = entries(tmp_path, WATER)
    path.write_text(path.read_text("utf-8") + '{"word": \n', encoding="utf-8")
    with pytest.raises(LexiconError, match=r"English\.jsonl:2: not JSON"):
        load_lexicon(path, pair="swh-eng")


# CLDF


def test_ids_is_read_from_the_column_in_the_languages_own_script(tmp_path: Path) -> None:
    folder = tmp_path / "ids"
    shutil.copytree(FIXTURES / "ids", folder)
    metadata, table = folder / "Wordlist-metadata.json", folder / "forms.csv"
    header = (
        "ID,Local_ID,Language_ID,Parameter_ID,Value,Form,Segments,Comment,Cognacy,Loan,Transcriptions,AlternativeValues"
    )
    rows = [
        "183-1-320-1,,183,1-320,yïlɣa,yïlɣa,,,,,CyrillTrans;StandardOrth,йылға",
        "183-1-510-1,,183,1-510,kük / hawa,kük,,,,,CyrillTrans;StandardOrth,күк; һауа",
        "184-1-320-1,,184,1-320,елга,елга,,,,,StandardOrth,",
        "184-1-510-1,,184,1-510,күк,күк,,,,,StandardOrth,",
    ]
    table.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    described = json.loads(metadata.read_text("utf-8"))
    columns = next(t for t in described["tables"] if t["url"] == "forms.csv")["tableSchema"]["columns"]
    kept = [column for column in columns if column["name"] in header.split(",")]
    lists = [{"name": name, "datatype": "string", "separator": ";"} for name in ("Transcriptions", "AlternativeValues")]
    next(t for t in described["tables"] if t["url"] == "forms.csv")["tableSchema"]["columns"] = kept + lists
    metadata.write_text(json.dumps(described), encoding="utf-8")
    assert forms(load_lexicon(folder, pair="tat-bak")) == [(("елга",), ("йылға",)), (("күк",), ("күк", "һауа"))]
    with pytest.raises(LexiconError, match=r"Bashkir \(bak_Cyrl\), is (a phonetic|not in the script)"):
        load_lexicon(folder, pair="tat-bak", columns={"form": "Form"})


def test_northeuralex_is_read_when_its_languages_have_glottocodes_alone(tmp_path: Path) -> None:
    folder = tmp_path / "northeuralex"
    shutil.copytree(FIXTURES / "northeuralex", folder)
    languages = folder / "cldf" / "languages.csv"
    languages.write_text(
        languages.read_text("utf-8").replace(",,tur,", ",,,").replace(",,azj,", ",,,"), encoding="utf-8"
    )
    assert forms(load_lexicon(folder, pair="tur-azj")) == [(("göz",), ("göz",)), (("kulak",), ("qulaq",))]
    with pytest.raises(LexiconError, match="is a phonetic transcription"):
        load_lexicon(folder, pair="tur-azj", columns={"form": "Form"})
