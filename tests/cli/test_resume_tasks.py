"""A run of downstream tasks that was stopped goes on: no finished task is run again, and no kept answer is asked for again."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from tli_bench.base.errors import OutputError
from tli_bench.config.run import RunConfig
from tli_bench.plugin.kept_answers import FOLDER, keeping
from tli_bench.plugin.scoring import open_model, score_tasks, tasks_of
from tli_bench.records.downstream import downstream_paths, read_downstream

TASK, DOCUMENTS = "tli_translate_eng_Latn-tur_Latn", 6
XQUAD = "tli_xquad_tur_Latn"
ENOUGH = 300
"""Answers after which a run is stopped, at least: some of those about the adapted model, which come first."""


def config(output, **options):
    return RunConfig(**({"model": "tiny", "tasks": (TASK,), "limit": DOCUMENTS, "output": output} | options))


@pytest.fixture(scope="module")
def lm():
    """tiny with its adapter, and how many requests reached the model."""
    model = open_model(config(None))
    model.asked = []
    for name in ("loglikelihood", "generate_until"):
        _count(model, name)
    return model


def _count(model, name):
    inner = getattr(model, name)

    def counting(requests, *args, **kwargs):
        model.asked += requests
        return inner(requests, *args, **kwargs)

    setattr(model, name, counting)


def scored(lm, output, **options):
    """The outcome of a run, and how many requests it took."""
    lm.asked.clear()
    told = config(output, **options)
    return score_tasks(told, lm, tasks_of(told)), len(lm.asked)


def kept(output):
    """How many answers are on disk."""
    found = 0
    for path in (output / FOLDER).glob("*.sqlite"):
        try:
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5) as base:
                found += base.execute("SELECT COUNT(*) FROM unnamed").fetchone()[0] - 1  # one says whose they are
        except sqlite3.OperationalError:
            continue  # being made
    return found


@pytest.fixture
def stopped(lm, tmp_path, monkeypatch):
    """The output of a run that failed while it was answering, as one does that runs out of memory."""
    inner, passes = lm._model_call, iter(range(20))

    def failing(*args, **kwargs):
        if next(passes, None) is None:
            raise MemoryError
        return inner(*args, **kwargs)

    monkeypatch.setattr(lm, "_model_call", failing)
    with pytest.raises(MemoryError):
        scored(lm, tmp_path / "out")
    monkeypatch.undo()
    return tmp_path / "out"


@pytest.fixture
def killed(tmp_path):
    """The output of the command, killed while it was answering."""
    output = tmp_path / "out"
    command = [sys.executable, "-m", "tli_bench", "run", "--model", "tiny", "--tasks", TASK, "--limit", str(DOCUMENTS)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [*command, "--output", str(output)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    deadline = time.monotonic() + 240
    while kept(output) < ENOUGH and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.poll() is None, "it ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.wait()
    return output


@pytest.mark.parametrize("how", ["stopped", pytest.param("killed", marks=pytest.mark.slow)])
def test_a_run_goes_on_from_its_answers_and_gives_the_same(lm, request, tmp_path, how):
    output = request.getfixturevalue(how)
    assert downstream_paths(output) == []
    there = kept(output)
    whole, every = scored(lm, tmp_path / "whole")
    outcome, asked = scored(lm, output)
    assert ENOUGH <= there < every
    assert asked == every - there
    assert outcome.downstream[0].scores == whole.downstream[0].scores
    assert outcome.reused == []
    assert not (output / FOLDER).exists()


def test_answers_that_a_kill_left_of_a_finished_task_go_and_those_of_another_model_stay(lm, tmp_path):
    """Killed once the record was written, before the answers were removed."""
    scored(lm, tmp_path, tasks=(XQUAD,))
    other = tmp_path / FOLDER / f"{XQUAD}.base.0123456789abcdef.sqlite"
    with keeping(lm, tmp_path, XQUAD, "adapted"):
        other.write_bytes(b"half")
    assert len(list((tmp_path / FOLDER).iterdir())) == 2
    outcome, asked = scored(lm, tmp_path, tasks=(XQUAD,))
    assert (outcome.reused, asked) == ([XQUAD], 0)
    assert list((tmp_path / FOLDER).iterdir()) == [other]


def test_answers_that_cannot_be_kept_are_told_in_one_sentence(lm, tmp_path, caplog):
    """A full disk was "unexpected", after the library's own traceback."""

    def full():
        with keeping(lm, tmp_path, XQUAD, "adapted") as asked:
            asked.dbdict.conn.execute("PRAGMA max_page_count=4")
            asked.dbdict["a prompt"] = "an answer" * 10_000

    with pytest.raises(OutputError, match=r"cannot keep answers in .*\.sqlite: database or disk is full; make room"):
        full()
    assert caplog.text == ""


def test_damaged_answers_are_asked_again(lm, tmp_path):
    with keeping(lm, tmp_path, XQUAD, "adapted") as asked:
        asked.dbdict["a prompt"] = "an answer"
    (file,) = (tmp_path / FOLDER).iterdir()
    with keeping(lm, tmp_path, XQUAD, "adapted") as asked:
        assert "a prompt" in asked.dbdict
    file.write_bytes(b"half" * 1000)
    with keeping(lm, tmp_path, XQUAD, "adapted") as asked:
        assert "a prompt" not in asked.dbdict


def test_what_is_finished_is_read_back(lm, tmp_path):
    first, asked = scored(lm, tmp_path, tasks=(XQUAD, "tli_bitext_tur_Latn-eng_Latn"))
    assert asked == 2 * first.downstream[0].documents
    again, none = scored(lm, tmp_path, tasks=(XQUAD, "tli_bitext_tur_Latn-eng_Latn"))
    assert none == 0
    assert again.reused == [XQUAD, "tli_bitext_tur_Latn-eng_Latn"]
    assert again.downstream == first.downstream
    for name in again.reused:
        before, after = (
            {key: value for key, value in found.results["results"][name].items() if "," in key and "stderr" not in key}
            for found in (first, again)
        )
        assert before == pytest.approx(after, nan_ok=True)
        assert first.results["higher_is_better"][name].items() >= again.results["higher_is_better"][name].items()
        meta = [found.results["configs"][name]["metadata"] for found in (first, again)]
        assert {key: meta[0].get(key) for key in ("title", "source", "asked")} == {
            key: meta[1].get(key) for key in ("title", "source", "asked")
        }


def test_options_of_words_alone_ask_nothing_again(lm, tmp_path):
    """Whoever scores words once more without `--confirm`, or with other measures, into the same folder."""
    scored(lm, tmp_path, tasks=(XQUAD,), limit=2)
    outcome, asked = scored(lm, tmp_path, tasks=(XQUAD,), limit=2, confirm=False, measures=["all"], allow_leakage=True)
    assert (outcome.reused, asked) == ([XQUAD], 0)


@pytest.mark.parametrize(
    "changed", [{"limit": 2}, {"system_prompt": "Answer in Turkish."}, {"adapter": "none"}, {"data_dir": "copy"}]
)
def test_another_question_is_asked(lm, tmp_path, changed):
    from tli_bench.base.paths import data_dir

    fixtures = data_dir("tasks") / "xquad" / "fixtures" / "xquad.tr.json"
    output = tmp_path / "out"
    scored(lm, output, tasks=(XQUAD,), limit=3)
    if "data_dir" in changed:
        text = json.loads(fixtures.read_text(encoding="utf-8"))
        text["data"][0]["paragraphs"][0]["qas"][0]["answers"][0]["text"] += "x"
        (tmp_path / "copy").mkdir()
        (tmp_path / "copy" / "xquad.tr.json").write_text(json.dumps(text), encoding="utf-8")
        changed = {"data_dir": str(tmp_path / "copy")}
    model = open_model(config(None, adapter="none")) if "adapter" in changed else lm
    outcome, _ = scored_by(model, output, tasks=(XQUAD,), **({"limit": 3} | changed))
    assert outcome.reused == []


def scored_by(model, output, **options):
    model.asked = getattr(model, "asked", [])
    return scored(model, output, **options)


def test_a_record_of_before_is_run_again(lm, tmp_path):
    """One that does not say what it asked cannot answer for it."""
    from tli_bench.records.downstream import write_downstream

    scored(lm, tmp_path, tasks=(XQUAD,), limit=2)
    (path,) = downstream_paths(tmp_path)
    write_downstream(tmp_path, read_downstream(path).model_copy(update={"task_sha256": None}))
    outcome, asked = scored(lm, tmp_path, tasks=(XQUAD,), limit=2)
    assert (outcome.reused, asked) == ([], 4)
    assert read_downstream(path).task_sha256 == outcome.downstream[0].task_sha256


def test_an_edited_record_is_run_again_and_that_is_said(lm, tmp_path, caplog):
    scored(lm, tmp_path, tasks=(XQUAD,), limit=2)
    (path,) = downstream_paths(tmp_path)
    text = path.read_text()
    path.write_text(text.replace('"documents":2', '"documents":3'))
    assert path.read_text() != text
    outcome, asked = scored(lm, tmp_path, tasks=(XQUAD,), limit=2)
    assert (outcome.reused, asked) == ([], 4)
    assert f"{path}: was changed after it was written" in caplog.text
    assert "the task is run again" in caplog.text
    assert read_downstream(path).documents == 2
