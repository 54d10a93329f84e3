"""`tli-bench run --model tiny --tasks all --limit 5` with no network: every task, base and adapter, in one command."""

import gzip
import json
import os
import re
import socket
import subprocess
import sys

import pytest

from tests.command import tli_bench
from tests.golden import ADAPTER, DOWNSTREAM, DOWNSTREAM_RUN
from tli_bench.languages import DEFAULT_PAIRS
from tli_bench.plugin.suites import members
from tli_bench.records import RecordStore
from tli_bench.records.downstream import iter_downstream

NAMES = [
    *(f"tli_alignment_{pair}" for pair in DEFAULT_PAIRS),
    *(name for name in members("tli_all") if name != "tli_alignment"),
]
TASK = "tli_xquad_tur_Latn"


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The command as in the README, the Hub's address a port where nothing listens: what it printed, and its folder."""
    out = tmp_path_factory.mktemp("run")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}"
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "PYTEST"))}
    done = subprocess.run(
        [sys.executable, "-m", "tli_bench", "run", *DOWNSTREAM_RUN, "--adapter", str(ADAPTER), "--output", str(out)],
        capture_output=True, text=True, timeout=600,
        env=kept | {"HF_ENDPOINT": nowhere, "HF_HOME": str(out / "home"), "OMP_NUM_THREADS": "1", "COLUMNS": "160"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done, out


@pytest.mark.slow
def test_every_task_has_a_record_of_base_and_adapted(ran):
    alignment = {record.task: record for record in RecordStore(ran[1])}
    downstream = {record.task: record for record in iter_downstream(ran[1])}
    assert sorted([*alignment, *downstream]) == sorted(NAMES)
    assert (len(alignment), len(downstream)) == (len(DEFAULT_PAIRS), len(members("tli_downstream")))
    for record in downstream.values():
        assert record.scores.keys() == {"base", "adapted"}, record.task
        assert record.limit == 5
        assert 1 <= record.documents <= 5
        assert record.source.startswith(("fixtures:", "sample:", "lexicon:")), record.task
    assert downstream[TASK].source == "fixtures:xquad/xquad.tr.json"


@pytest.mark.slow
def test_no_downstream_score_has_moved(ran):
    golden = json.loads(gzip.decompress(DOWNSTREAM.read_bytes()))
    records = {record.task: record.model_dump(mode="json") for record in iter_downstream(ran[1])}
    assert records.keys() >= golden.keys()
    for name, before in golden.items():
        now = records[name]
        for field in ("source", "documents", "higher_is_better", "layers"):
            assert now[field] == before[field], (name, field)
        for state, scores in before["scores"].items():
            assert now["scores"][state] == pytest.approx(scores, abs=1e-9), (name, state)
        for state, curves in before["curves"].items():
            for measure, curve in curves.items():
                assert now["curves"][state][measure] == pytest.approx(curve, abs=1e-9), (name, state, measure)


@pytest.mark.slow
def test_the_results_file_shows_the_change(ran):
    results = json.loads(next(ran[1].glob("results_*.json")).read_text())["results"]
    assert results.keys() >= set(NAMES)
    changed = [key for key in results[TASK] if key.split(",")[0].endswith("_change")]
    assert changed
    for key in changed:
        metric, chosen = key.split(",")
        name = metric.removesuffix("_change")
        assert results[TASK][f"{name},{chosen}"] - results[TASK][f"{name}_base,{chosen}"] == pytest.approx(
            results[TASK][key]
        )


@pytest.mark.slow
def test_what_is_printed_is_tables_by_kind_and_nothing_else(ran):
    done, out = ran
    printed = done.stdout
    for title in ("question answering", "passage retrieval", "parallel sentences", "summaries", "word translation"):
        assert len(re.findall(rf"^{title}", printed, re.MULTILINE)) == 1
    for name in NAMES:
        assert re.search(rf"^ ?{name} ", printed, re.MULTILINE), name
    assert re.search(rf"{TASK} +5 +\d\.\d{{3}} → \d\.\d{{3}} ", printed)
    assert re.search(r"tli_bitext_tur_Latn-eng_Latn +5 .* layer (\d|6p)\s", printed)
    assert "BLEU and chrF++ are 0 to 100, the other scores 0 to 1; base → adapted" in printed
    downstream = list(iter_downstream(out))
    small = sum("fixtures:" in record.source for record in downstream)
    assert small > 0
    said = f"{small} of these {len(downstream)} tasks read the project's small fixtures: a trial of the tools, never a benchmark"
    assert said in printed
    assert re.search(rf"^{len(NAMES)} tasks in \d+ s; records under {re.escape(str(out))}", printed, re.MULTILINE)
    assert "it/s]" not in done.stderr  # lm-eval's bars would cut through our own
    assert "nan" not in printed


def test_malformed_data_are_refused_before_the_model_loads(tmp_path):
    (tmp_path / "xquad.tr.json").write_text('{"data": [{"paragraphs": [{"qas": []}]}]}', encoding="utf-8")
    out = tmp_path / "never"
    error = tli_bench("run", "--tasks", TASK, "--data-dir", tmp_path, "--output", out, code=2)
    assert "xquad.tr.json: `data[0].paragraphs[0].context` must be a non-empty text, got nothing" in error
    assert not out.exists()


def test_an_unknown_task_is_told_before_torch_and_lm_eval_are_imported():
    command = [sys.executable, "-X", "importtime", "-m", "tli_bench", "run", "--tasks", "tli_xquad_tr"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "tli_bench.cli.running" in imported
    assert not imported & {"torch", "lm_eval", "transformers"}
    assert "error: unknown task 'tli_xquad_tr'; did you mean" in done.stderr
    assert "'tli_xquad_tur_Latn'" in done.stderr
