"""The results of a run in lm-eval's layout: one file for each run, whatever the clock says."""

import json

from lm_eval.utils import make_table, sanitize_model_name

from tests.command import tli_bench
from tli_bench.config.run import RunConfig
from tli_bench.plugin import results
from tli_bench.plugin.results import write_run
from tli_bench.records import read_task_scores
from tli_bench.report.table import load_results


def test_runs_that_end_at_one_time_by_the_clock_have_a_file_each(tmp_path, monkeypatch):
    """Two runs that were finished before end within a second, and a clock that is set back tells a time again."""
    monkeypatch.setattr(results.time, "strftime", lambda _: "2026-01-01T00-00-00")
    paths = [write_run(RunConfig(), {"results": {"run": number}}, [], tmp_path) for number in range(3)]
    assert [path.name for path in paths] == [f"results_2026-01-01T00-00-00{end}.json" for end in ("", "-2", "-3")]
    assert [json.loads(path.read_text())["results"]["run"] for path in paths] == [0, 1, 2]


TASKS = "tli_alignment_swh_Latn-eng_Latn,tli_xquad_tur_Latn,tli_bitext_swh_Latn-eng_Latn"


def results_of(folder, *options):
    """What a run of the base writes, as read from its newest results file."""
    before = set(folder.glob("results_*.json"))
    tli_bench("run", "--adapter", "none", "--no-confirm", "--limit", 40, "--output", folder, *options)
    (path,) = set(folder.glob("results_*.json")) - before
    return path, json.loads(path.read_text())


def test_who_was_scored_stands_in_every_results_file_also_where_nothing_was_run(tmp_path):
    for options in (["--tasks", TASKS], ["--tasks", TASKS], ["--pairs", "swh-eng"], ["--tasks", "tli_xquad_tur_Latn"]):
        path, found = results_of(tmp_path, *options)
        assert found["config"]["model"] == "tli"
        assert found["config"]["model_args"]["pretrained"] == "tiny"
        assert (found["config"]["limit"], found["config"]["device"]) == (40, "cpu")
        assert found["model_name"] == found["model_name_sanitized"] == "tiny"
        assert {"date", "lm_eval_version", "transformers_version", "group_subtasks"} <= found.keys()
        assert [task for task in found["results"] if task not in make_table(found)] == []
        # The three Turkish questions that ship with the project are no benchmark.
        scored = {(score.model, score.adapter, score.limit, score.task) for score in read_task_scores(path)}
        assert scored == {("tiny", None, 40, task) for task in found["results"] if "xquad" not in task}


def test_an_adapter_is_named_as_lm_eval_names_it(tmp_path):
    config = RunConfig(model="org/base", adapter="me/tli:x", limit=3, revision="v1")
    path = write_run(config, {"results": {"xquad_tr": {"f1,none": 0.5}}}, [], tmp_path)
    found = json.loads(path.read_text())
    assert found["model_name"] == "me/tli:x"
    assert found["model_name_sanitized"] == sanitize_model_name("me/tli:x")
    (score,) = read_task_scores(path)
    assert (score.model, score.adapter, score.limit) == ("org/base", "me/tli:x", 3)


def test_a_board_reads_the_records_of_a_run_and_not_its_results_again(tmp_path):
    """There the score of the adapted model would be taken for that of the base, and samples for a benchmark."""
    results = {"results": {"xquad_tr": {"f1,none": 0.5, "f1_base,none": 0.1}}}
    write_run(RunConfig(model="org/base"), results, [], tmp_path)
    assert load_results(tmp_path)[1] == []
    stock = tmp_path / "results_stock.json"
    stock.write_text(json.dumps(results | {"model_name": "org/base"}))
    assert {score.value for score in load_results(tmp_path)[1]} == {0.5, 0.1}
