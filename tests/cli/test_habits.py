"""What users of lm-eval expect of a run: versions, samples, results scored again, pushed to a Hub and stated in a card."""

import json
import re

import pytest
import yaml

import tli_bench as package
from tests.command import in_a_process, tli_bench
from tests.hub import LoopbackHub
from tests.walk import ROOT
from tli_bench.base.errors import ResultError
from tli_bench.measures.registry import get_measure
from tli_bench.records import RecordStore
from tli_bench.records.columns import Words
from tli_bench.records.publish import plan_results
from tli_bench.records.samples import samples

TASK = "tli_alignment_swh_Latn-eng_Latn"
RUN = ("run", "--model", "tiny", "--adapter", "none", "--pairs", "swh-eng", "--no-confirm", "--limit", 60)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    output = tmp_path_factory.mktemp("habits") / "runs"
    printed = tli_bench(*RUN, "--output", output, "--log-samples", "--batch-size", "auto")
    return output, printed


def test_the_version_is_told_with_what_scores_depend_on():
    lines = dict(line.rsplit(" ", 1) for line in tli_bench("--version").splitlines())
    assert lines["tli-bench"] == package.__version__
    assert {"torch", "transformers", "lm-eval"} <= set(lines)


def test_a_shell_completes_the_verbs(monkeypatch):
    # The shell is named and not looked for among the parents of this process.
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    assert "complete_bash" in in_a_process("--show-completion", "bash")


def test_a_task_without_control_words_has_no_samples_and_says_so(tmp_path):
    """The run was refused at its end, with the advice to score it again, and nothing was pushed."""
    task = "tli_probe_trained_swh_Latn-eng_Latn"
    printed = tli_bench(*RUN[:5], "--tasks", task, *RUN[7:], "--output", tmp_path, "--log-samples")
    assert f"no samples: {task} scored no control words" in printed
    assert not list(tmp_path.glob("samples_*"))


def test_a_finished_task_has_no_samples_of_its_documents_and_says_so(tmp_path):
    """The second run wrote none and was silent."""
    task = "tli_bitext_swh_Latn-eng_Latn"
    again = (*RUN[:5], "--tasks", f"{task},{TASK}", *RUN[7:], "--output", tmp_path, "--log-samples")
    assert "no samples" not in tli_bench(*again)
    assert len(list(tmp_path.glob(f"samples_{task}_*"))) == 1
    said = f"no samples: records keep no answers of {task}, already done; --overwrite asks again"
    assert said in tli_bench(*again)
    assert len(list(tmp_path.glob(f"samples_{task}_*"))) == 1


def test_records_say_why_they_have_no_samples(finished):
    (record,) = RecordStore(finished[0])
    older = record.model_copy(update={"details": None})
    with pytest.raises(ResultError, match="older than the ranks of single words; --overwrite scores it again"):
        list(samples(older))
    many = Words(**dict.fromkeys(("concepts", "sources", "targets"), ("word",) * 20_001))
    with pytest.raises(
        ResultError, match="20,001 control words, and the ranks of single words are kept for up to 20,000"
    ):
        list(samples(older.model_copy(update={"words": {"control": many}})))


def test_each_control_word_is_a_sample_as_lm_eval_writes_them(finished):
    output, printed = finished
    (path,) = output.glob(f"samples_{TASK}_*.jsonl")
    assert f"samples in {path}" in printed
    assert path.stem.removeprefix(f"samples_{TASK}_") == next(output.glob("results_*.json")).stem.removeprefix(
        "results_"
    )
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    (record,) = RecordStore(output)
    words = record.words["control"]
    assert [row["doc"]["source"] for row in rows] == list(words.sources)
    layer = record.best_layer["base"]
    column = record.column("auc_centred", "control", "base", layer)
    for row, concept, value in zip(rows, words.concepts, column, strict=True):
        assert row["doc"]["concept"] == concept
        assert row["auc_centred"] == pytest.approx(value)
        ranks = row["tli"]["base"][layer]
        right = ranks["rank_forward"] == 1
        assert row["filtered_resps"] == [row["target"] if right else ranks["wrong_forward"]]
        assert row["filtered_resps"][0] in words.targets
        assert all(re.fullmatch("[0-9a-f]{64}", row[name]) for name in ("doc_hash", "prompt_hash", "target_hash"))
    assert 0 < sum(row["filtered_resps"] == [row["target"]] for row in rows) < len(rows)


def test_every_protocol_has_its_samples(tmp_path):
    tli_bench(*RUN, "--protocol", "words,words-last", "--output", tmp_path, "--log-samples")
    (path,) = tmp_path.glob(f"samples_{TASK}_*.jsonl")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    shown = {record.signature.protocol: list(record.words["control"].sources) for record in RecordStore(tmp_path)}
    assert len(shown) == 2
    for protocol, sources in shown.items():
        assert [row["doc"]["source"] for row in rows if row["protocol"] == protocol] == sources


def test_documents_of_other_tasks_are_samples_too(tmp_path):
    tasks = ("run", "--model", "tiny", "--adapter", "none", "--tasks", "tli_xquad_tur_Latn", "--limit", 2)
    tli_bench(*tasks, "--output", tmp_path, "--log-samples")
    (path,) = tmp_path.glob("samples_tli_xquad_tur_Latn_*.jsonl")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [row["doc_id"] for row in rows] == [0, 1]
    assert all(row["doc"]["question"] and "f1" in row for row in rows)


def test_what_is_finished_is_read_back_unless_it_is_to_be_overwritten(finished):
    output, _ = finished
    (path,) = (path for path in RecordStore(output).paths())
    before = path.read_bytes()
    assert "(1 already done)" in tli_bench(*RUN, "--output", output)
    assert path.read_bytes() == before
    assert "already done" not in tli_bench(*RUN, "--output", output, "--overwrite")
    after = path.read_bytes()
    assert after != before
    times = ("sha256", "created", "command")
    assert all(json.loads(after)[name] == value for name, value in json.loads(before).items() if name not in times)


def test_results_become_a_data_set_of_the_hub(finished, monkeypatch):
    output, _ = finished
    with LoopbackHub({}, commit="5f3c0d1e" * 5) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        monkeypatch.setenv("HF_TOKEN", "hf_x")
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        printed = in_a_process("push", output, "--repo", "org/results")
    assert printed.splitlines()[-1] == f"{hub.endpoint}/datasets/org/results/commit/{hub.commit}"
    received = hub.received["datasets/org/results"]
    (record,) = RecordStore(output).paths()
    assert received[record.relative_to(output).as_posix()] == record.read_bytes()
    assert "run.yaml" in received
    head, _, card = received["README.md"].decode().removeprefix("---\n").partition("---\n")
    assert "tli-bench" in yaml.safe_load(head)["tags"]
    (kept,) = RecordStore(output)
    value = kept.value("p1", "control", "base", kept.best_layer["base"])
    # Too few words for P@1 of 50 to be defined.
    assert (
        f"| tiny | – | swh_Latn-eng_Latn | words.v2 | {kept.best_layer['base']} | – | {get_measure('p1').shown(value)} |"
        in card
    )


def test_a_repository_is_looked_at_before_anything_runs(tmp_path):
    told = tli_bench(*RUN, "--output", tmp_path / "runs", "--hub-repo", "results", code=2)
    assert "'results' is not a Hub repository; write ORG/NAME" in told
    assert not (tmp_path / "runs").exists()


def test_a_folder_without_records_is_not_pushed(tmp_path):
    assert "holds no records" in tli_bench("push", tmp_path, "--repo", "org/results", code=2)


def test_audit_words_are_not_pushed(finished):
    output, _ = finished
    names = [name for name, _ in plan_results(output, "org/results").listing()]
    assert names
    assert not [name for name in names if "audit" in name]


def test_a_tracker_that_is_not_installed_is_told_before_anything_runs(tmp_path):
    told = tli_bench(*RUN, "--output", tmp_path / "runs", "--wandb-args", "project", code=2)
    assert "--wandb-args is written as project=NAME,name=RUN; got 'project'" in told


def test_a_card_states_the_scores_of_a_run_without_a_reservation(finished):
    output, _ = finished
    assert yaml.safe_load(tli_bench("results", "model-index", output)) == {
        "model-index": [{"name": "tiny", "results": []}]
    }
    printed = tli_bench("results", "model-index", ROOT / "leaderboards" / "records" / "minilm")
    (found,) = yaml.safe_load(printed)["model-index"]
    assert found["name"] == "minilm"
    pairs = {result["dataset"]["name"].split(", ")[1] for result in found["results"]}
    assert len(pairs) == 15
    metric = {metric["type"]: metric["value"] for metric in found["results"][0]["metrics"]}
    assert 0 <= metric["p1_of_50"] <= 1
