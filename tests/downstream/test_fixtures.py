"""Fixtures have no more than the sets whose layout they have: the same fields, one answer per question, tags of the set.

Where each layout was read is said in the README.md of the fixtures. Sentences, questions and tags are the project's own.
"""

import json
import os
from pathlib import Path

import pytest

from tli_bench.base.paths import data_dir
from tli_bench.downstream.specs.udpos import TAGS as PARTS_OF_SPEECH
from tli_bench.downstream.specs.wikiann import TAGS as ENTITIES

FIXTURES = sorted(path for path in data_dir("tasks").glob("*/fixtures/**/*") if path.is_file())
OFFICIAL = Path(os.environ.get("TLI_OFFICIAL", ""))
SQUAD = {"file": {"version", "data"}, "article": {"title", "paragraphs"}, "paragraph": {"context", "qas"},
         "question": {"id", "question", "answers"}, "answer": {"text", "answer_start"}}  # fmt: skip


def parts(path):
    """(kind, object) of every object of a file in SQuAD's layout."""
    data = json.loads(path.read_text(encoding="utf-8"))
    yield "file", data
    for article in data["data"]:
        yield "article", article
        for paragraph in article["paragraphs"]:
            yield "paragraph", paragraph
            for item in paragraph["qas"]:
                yield "question", item
                yield from (("answer", answer) for answer in item["answers"])


def squad(path):
    """XQuAD's own files and TyDiQA's: one answer per question, which stands where it is said to."""
    found = list(parts(path))
    for kind, one in found:
        assert set(one) == SQUAD[kind], kind
    paragraphs = [one for kind, one in found if kind == "paragraph"]
    for paragraph in paragraphs:
        for item in paragraph["qas"]:
            [answer] = item["answers"]
            assert paragraph["context"].startswith(answer["text"], answer["answer_start"]), item["id"]
    questions = [item["id"] for paragraph in paragraphs for item in paragraph["qas"]]
    assert len(set(questions)) == len(questions)


def xlsum(path):
    """XL-Sum's JSON lines."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        assert list(row) == ["id", "url", "title", "summary", "text"]
        assert all(isinstance(value, str) for value in row.values())


def wikiann(path):
    """`<language>:<word>`, a tab and one of the set's tags."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line:
            word, tag = line.split("\t")
            assert word.startswith(f"{path.parent.name}:")
            assert tag in ENTITIES


def conllu(path):
    """Ten columns; whole numbers count the words of a sentence; universal tags."""
    for block in path.read_text(encoding="utf-8").strip().split("\n\n"):
        lines = [line.split("\t") for line in block.split("\n") if not line.startswith("#")]
        assert {len(columns) for columns in lines} == {10}
        assert [columns[0] for columns in lines if columns[0].isdecimal()] == [str(n + 1) for n in range(len(lines))]
        assert all(columns[3] in PARTS_OF_SPEECH for columns in lines)


def layout_of(path):
    """What a fixture is checked by; None for its README."""
    folder = path.relative_to(data_dir("tasks")).parts[0]
    if path.name == "README.md":
        return None
    return {"xquad": squad, "xlsum": xlsum, "wikiann": wikiann, "udpos": conllu}[folder]


def test_every_fixture_has_the_layout_of_its_set():
    checked = [path for path in FIXTURES if layout_of(path)]
    assert len(checked) > 20
    for path in checked:
        try:
            layout_of(path)(path)
        except (AssertionError, ValueError, KeyError) as err:
            raise AssertionError(f"{path}: {err}") from err


def test_a_second_answer_a_field_too_many_and_a_tag_of_another_set_are_noticed(tmp_path):
    """Or else the test above says nothing."""
    path = tmp_path / "tr" / "x"
    path.parent.mkdir()
    answer = {"text": "Su", "answer_start": 0}
    item = {"id": "1", "question": "Ne?", "answers": [answer]}

    def file(paragraph):
        path.write_text(json.dumps({"version": "1.1", "data": [{"title": "t", "paragraphs": [paragraph]}]}))
        return path

    squad(file({"context": "Su aktı.", "qas": [item]}))
    for paragraph in (
        {"context": "Su aktı.", "qas": [item | {"answers": [answer, answer]}]},
        {"context": "Su aktı.", "qas": [item], "sentence_breaks": []},
        {"context": "Bu su aktı.", "qas": [item]},
    ):
        with pytest.raises((AssertionError, ValueError)):
            squad(file(paragraph))
    for check, text in ((wikiann, "tr:Su\tB-MISC\n"), (conllu, "1\tSu\t_\tEV" + "\t_" * 6), (xlsum, '{"id": "1"}')):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(AssertionError):
            check(path)


@pytest.mark.skipif(not os.environ.get("TLI_OFFICIAL"), reason="TLI_OFFICIAL names no folder of official files")
def test_xquads_own_files_have_this_layout_too():
    there = sorted((OFFICIAL / "xquad").glob("xquad.*.json"))
    if not there:
        pytest.skip(f"{OFFICIAL} holds no xquad")
    for path in there:
        assert {kind: set(one) for kind, one in parts(path)} == SQUAD
        assert {len(one["answers"]) for kind, one in parts(path) if kind == "question"} == {1}
