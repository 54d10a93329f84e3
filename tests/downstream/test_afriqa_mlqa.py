"""AfriQA and MLQA from folders in their official layouts, with questions of our own.

Layouts: AfriQA's README and data/gold_passages (github.com/masakhane-io/afriqa); MLQA's files as XTREME's scripts name them.
"""

import json

import pytest

from tests.downstream.conftest import Scripted
from tests.downstream.test_exams import scores
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.registry import find_spec

AFRIQA = [
    {"id": "0", "question_lang": "Mji mkuu wa Norwei ni upi?", "question_translated": "What is the capital of Norway?",
     "title": "Norway", "context": "Oslo is the capital of Norway.", "answer_lang": "Oslo",
     "answer_pivot": {"answer_start": [0], "text": ["Oslo"]}},
    {"id": "1", "question_lang": "Je, Norwei ina mfalme?", "question_translated": "Does Norway have a king?",
     "title": "Norway", "context": "The king opened the bridge.", "answer_lang": "Ndiyo",
     "answer_pivot": {"answer_start": [-1], "text": ["yes"]}},
]  # fmt: skip
NAME = "gold_span_passages.afriqa.swa.en.test.json"


def write(folder, rows):
    folder.mkdir(exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / NAME).write_text(text, encoding="utf-8")
    return folder


def test_afriqa_asks_in_swahili_and_answers_in_english(tmp_path):
    write(tmp_path / "swa", AFRIQA)  # as in the repository: a folder per language
    found = scores(Scripted(lambda doc: f" {doc['answers'][0]}"), "tli_afriqa_swh_Latn", tmp_path)
    assert (found["exact_match"], found["f1"]) == (1, 1)
    task = find_spec("afriqa")("t", {"language": "eng_Latn", "called": "swa", "data_dir": str(tmp_path / "swa")})
    docs = task.load().items
    assert [doc["answers"] for doc in docs] == [["Oslo"], ["yes"]]
    assert "Question: Mji mkuu wa Norwei ni upi?" in task.prompt(docs[0])
    # Scored as English: an article is no part of the answer.
    assert task.score(docs[0], ["the Oslo"])["exact_match"] == 1


@pytest.mark.parametrize("chosen", [None, "hub", "fixtures"])
def test_afriqa_needs_a_folder_and_says_where_it_is(chosen):
    options = {"language": "eng_Latn", "called": "swa", **({"data_dir": chosen} if chosen else {})}
    with pytest.raises(
        DataError, match=r"reads a folder, got data_dir=.*data/gold_passages of github.com/masakhane-io"
    ):
        find_spec("afriqa")("t", options).load()


def test_a_malformed_line_is_named(tmp_path):
    for change, said in (
        ({"answer_pivot": {"text": []}}, r"line 2: `answer_pivot.text` must be a list of non-empty texts"),
        ({"question_lang": ""}, r"line 2: `question_lang` must be a non-empty text"),
    ):
        write(tmp_path, [AFRIQA[0], {**AFRIQA[1], **change}])
        with pytest.raises(DataError, match=said):
            find_spec("afriqa")("t", {"language": "eng_Latn", "called": "swa", "data_dir": str(tmp_path)}).load()


def mlqa(folder, iso2, context, question, answer):
    paragraph = {"context": context, "qas": [
        {"id": "1", "question": question, "answers": [{"text": answer, "answer_start": context.index(answer)}]}
    ]}  # fmt: skip
    path = folder / f"test-context-{iso2}-question-{iso2}.json"
    path.write_text(
        json.dumps({"version": "1.0", "data": [{"title": "t", "paragraphs": [paragraph]}]}), encoding="utf-8"
    )


def test_mlqa_is_read_from_the_official_json_and_answered_in_the_language(tmp_path):
    (tmp_path / "test").mkdir()
    mlqa(tmp_path / "test", "de", "Der Zug hielt in Bonn.", "Wo hielt der Zug?", "in Bonn")
    mlqa(tmp_path / "test", "es", "El tren paró en Lugo.", "¿Dónde paró el tren?", "en Lugo")
    for name in ("tli_mlqa_deu_Latn", "tli_mlqa_spa_Latn"):
        found = scores(Scripted(lambda doc: f" {doc['answers'][0]}"), name, tmp_path)
        assert (found["exact_match"], found["f1"]) == (1, 1)
    # The folder of the test files will do as well.
    task = find_spec("mlqa")("t", {"language": "deu_Latn", "iso2": "de", "data_dir": str(tmp_path / "test")})
    assert "Frage: Wo hielt der Zug?" in task.prompt(task.load().items[0])
    with pytest.raises(DataError, match=r"test-context-hi-question-hi\.json"):
        find_spec("mlqa")("t", {"language": "hin_Deva", "iso2": "hi", "data_dir": str(tmp_path)}).load()
