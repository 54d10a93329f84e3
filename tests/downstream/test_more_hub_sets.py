"""Exams, SIB-200, MLQA, WikiANN and Universal Dependencies on a Hub on 127.0.0.1: `test_exams`' repositories, and parquet.

Davlan/sib200's columns and configurations are those that lm-eval's AfroBench task reads; google/xtreme's are in its card.
WikiANN's numbers for tags are those of `Xtreme`'s former script; public code reads the same columns. The treebanks' files are as
github.com/bot-zen/ud-hf-parquet-tools writes them for the Hub (`parquet/<treebank>/<split>.parquet`, splits as in a release, `upos` by
name), and public code loads their split `dev`.
"""

import shutil

import pytest

from tests.downstream.test_exams import TATAR, card, kazmmlu, tumlu, uzlib
from tests.downstream.test_hub_sets import parquet, pinned_commits, read
from tests.hub import LoopbackHub

COMMIT = "0" * 40
ASKED = [
    ["exams", {"exam": "tumlu", "language": "tat_Cyrl", "called": "tatar"}],
    ["exams", {"exam": "kazmmlu", "language": "kaz_Cyrl", "called": "kaz"}],
    ["exams", {"exam": "uzlib", "language": "uzn_Latn", "called": "uz"}],
    ["sib200", {"language": "tuk_Latn", "called": "tuk_Latn", "data_dir": "hub"}],
    ["mlqa", {"language": "deu_Latn", "iso2": "de", "data_dir": "hub"}],
    ["exams", {"exam": "tumlu", "language": "kaz_Cyrl", "called": "kazakh"}],
    ["wikiann", {"language": "bak_Cyrl", "called": "ba", "english": "en", "data_dir": "hub"}],
    ["udpos", {"language": "uig_Arab", "called": "ug_udt", "english": "en_ewt", "data_dir": "hub"}],
]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    root = tmp_path_factory.mktemp("hub")
    sib, xtreme = root / "sib", root / "xtreme"
    parquet(
        sib / "tuk_Latn" / "test.parquet",
        index_id=[0, 1], category=["sports", "travel"], text=["Topar ýeňdi.", "Otly gijä galdy."],
    )  # fmt: skip
    card(sib, [("tuk_Latn", "test", "tuk_Latn/test.parquet")])
    parquet(
        xtreme / "MLQA.de.de" / "test-00000-of-00001.parquet",
        id=["1"], title=["t"], context=["Der Zug hielt in Bonn."], question=["Wo hielt der Zug?"],
        answers=[{"answer_start": [14], "text": ["in Bonn"]}],
    )  # fmt: skip
    card(xtreme, [("MLQA.de.de", "test", "MLQA.de.de/test-*")])
    wikiann, treebanks = root / "wikiann", root / "ud"
    for language, word in (("en", "Harbourton"), ("ba", "Мәсетле")):
        for split in ("train", "validation", "test"):
            parquet(
                wikiann / language / f"{split}-00000-of-00001.parquet",
                tokens=[[word, "."]] * 2, ner_tags=[[5, 0]] * 2, langs=[[language] * 2] * 2, spans=[[f"LOC: {word}"]] * 2,
            )  # fmt: skip
    splits = ("train", "validation", "test")
    card(wikiann, [(code, split, f"{code}/{split}-*") for code in ("en", "ba") for split in splits])
    splits = ("train", "dev", "test")
    for treebank, word in (("en_ewt", "rain"), ("ug_udt", "يامغۇر")):
        for split in splits:
            parquet(
                treebanks / "parquet" / treebank / f"{split}.parquet",
                tokens=[[word, "."]] * 2, upos=[["NOUN", "PUNCT"]] * 2,
            )  # fmt: skip
    paths = [(name, split, f"parquet/{name}/{split}.parquet") for name in ("en_ewt", "ug_udt") for split in splits]
    card(treebanks, paths)
    repositories = {
        "datasets/unimelb-nlp/wikiann": wikiann,
        "datasets/universal-dependencies/universal_dependencies": treebanks,
        "datasets/jafarisbarov/TUMLU-mini": tumlu(root / "tumlu", TATAR),
        "datasets/MBZUAI/KazMMLU": kazmmlu(root / "kazmmlu"),
        "datasets/tahrirchi/uzlib": uzlib(root / "uzlib"),
        "datasets/Davlan/sib200": sib,
        "datasets/google/xtreme": xtreme,
    }
    with LoopbackHub(repositories, commit=COMMIT, commits=pinned_commits()) as hub:
        yield read(tmp_path_factory.mktemp("home"), ASKED, endpoint=hub.endpoint)
    shutil.rmtree(root)


def test_every_set_is_read_from_the_hub(found):
    tatar, kazakh, uzbek, turkmen, german = (answer["docs"] for answer in found[:5])
    assert [doc["gold"] for doc in tatar] == [1, 0, 2]
    assert len(kazakh) == 24
    assert len(uzbek) == 4
    assert [doc["options"][doc["gold"]] for doc in turkmen] == ["sports", "travel"]
    assert german[0]["answers"] == ["in Bonn"]


def test_the_source_names_set_and_commit(found):
    assert found[0]["source"] == f"hf:jafarisbarov/TUMLU-mini/tatar/test@{COMMIT} (unpinned: main)"
    biology = f"hf:MBZUAI/KazMMLU/Biology (High School in kaz)/test@{COMMIT} (unpinned: main)"
    assert found[1]["source"] == f"{biology} + 11 more of the same set"
    assert found[3]["source"].startswith("hf:Davlan/sib200/tuk_Latn/test@")


def test_a_configuration_that_is_not_there_is_named(found):
    assert "hf:jafarisbarov/TUMLU-mini/kazakh/test@main cannot be loaded" in found[5]["error"]


def test_sentences_with_tags_come_from_three_splits_and_two_languages(found):
    for answer, tags, word in ((found[6], ["B-LOC", "O"], "Мәсетле"), (found[7], ["NOUN", "PUNCT"], "يامغۇر")):
        assert [doc["role"] for doc in answer["docs"]] == ["train", "dev", "test"] * 2
        assert all(doc["tags"] == tags for doc in answer["docs"])
        assert answer["docs"][2]["words"] == [word, "."]
    assert found[6]["source"].count("hf:unimelb-nlp/wikiann/") == 3
    ud = "hf:universal-dependencies/universal_dependencies"
    assert found[7]["source"].split(" -> ")[1].startswith(f"{ud}/en_ewt/dev@{COMMIT}")
