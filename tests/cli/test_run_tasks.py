"""`tli-bench run --tasks` with tasks that are not ours to analyse: base and adapter both scored, a record written."""

import json
import os
import subprocess
import sys

import pytest

TASK = "tli_xquad_tur_Latn"


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    done = subprocess.run(
        [sys.executable, "-m", "tli_bench", "run", "--tasks", TASK, "--limit", "2", "--data-dir", "fixtures", "--output", str(out)],
        capture_output=True, text=True, timeout=300, env={**os.environ, "HF_HUB_OFFLINE": "1", "COLUMNS": "160"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout, out


def test_the_record_holds_base_and_adapted_scores(ran):
    printed, out = ran
    record = json.loads(next((out / "downstream" / TASK).glob("*.json")).read_text())
    assert record["scores"].keys() == {"base", "adapted"}
    assert record["limit"] == 2
    assert record["source"].startswith("fixtures:")
    assert TASK in printed


def test_the_results_file_shows_the_change(ran):
    results = json.loads(next(ran[1].glob("results_*.json")).read_text())["results"][TASK]
    changed = [key for key in results if key.split(",")[0].endswith("_change")]
    assert changed
    for key in changed:
        metric, chosen = key.split(",")
        name = metric.removesuffix("_change")
        assert results[f"{name},{chosen}"] - results[f"{name}_base,{chosen}"] == pytest.approx(results[key])
