"""With the Hub off and nothing cached the fixtures stand in, and say so; a folder in the official layout is read."""

import logging
import shutil

import pytest

from tli_bench.base.paths import data_dir
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.readers import article_of_row, question_of_row
from tli_bench.plugin.downstream_tasks import AnswerTask


def xquad(**metadata):
    return AnswerTask(
        {"task": "tli_xquad_tur_Latn", "metadata": {"spec": "xquad", "language": "tur_Latn", "iso2": "tr", **metadata}}
    )


def test_fixtures_stand_in_with_a_warning_and_a_source(monkeypatch, caplog, tmp_path):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    task = xquad()
    with caplog.at_level(logging.WARNING):
        assert len(task.test_docs()) == 7
    assert "the Hub is off" in caplog.text
    assert task.source == "fixtures:xquad/xquad.tr.json"


def test_a_folder_in_the_official_layout_is_the_source(tmp_path):
    shutil.copy(data_dir("tasks") / "xquad" / "fixtures" / "xquad.tr.json", tmp_path)
    task = xquad(data_dir=str(tmp_path))
    assert len(task.test_docs()) == 7
    assert task.source == str(tmp_path)


def test_a_language_without_fixtures_names_the_file_it_needs():
    task = AnswerTask(
        {"task": "t", "metadata": {"spec": "xquad", "language": "hin_Deva", "iso2": "hi", "data_dir": "fixtures"}}
    )
    with pytest.raises(DataError, match=r"does not hold any of xquad.hi.json"):
        task.test_docs()


def test_rows_of_the_hub_become_the_same_questions():
    row = {"id": "1", "context": "Ali geldi.", "question": "Kim?", "answers": {"text": ["Ali"], "answer_start": [0]}}
    assert question_of_row(row, source="hf:x", number=0).answers == ("Ali",)
    with pytest.raises(DataError, match=r"hf:x: `row 3.answers` must hold"):
        question_of_row({**row, "answers": ["Ali"]}, source="hf:x", number=3)
    with pytest.raises(DataError, match=r"hf:x: `line 2.summary` must be a non-empty text"):
        article_of_row({"id": "1", "title": "t", "text": "x", "summary": None}, source="hf:x", number=2)
