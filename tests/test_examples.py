"""The job scripts of examples/, run by a stand-in for the scheduler: an array of jobs is a sweep."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
RECORDER = """#!/usr/bin/env bash
printf '%s\\n' "$*" >> "$TOLD"
"""


@pytest.fixture
def submit(tmp_path):
    """Runs a script as a scheduler would, with a `tli-bench` that writes down how it was called; returns what it was told."""
    command = tmp_path / "bin" / "tli-bench"
    command.parent.mkdir()
    command.write_text(RECORDER)
    command.chmod(0o755)

    def run(arguments, **given):
        told = tmp_path / "told.txt"
        told.unlink(missing_ok=True)
        env = {"PATH": f"{command.parent}:{os.environ['PATH']}", "TOLD": str(told), "HOME": str(tmp_path), **given}
        subprocess.run(arguments, env=env, check=True, cwd=tmp_path, timeout=60)
        return told.read_text().splitlines()

    return run


def shards(lines):
    return [line.rpartition("--shard ")[2] for line in lines]


def test_an_array_of_slurm_jobs_is_a_sweep(submit):
    told = []
    for task in range(1, 5):
        told += submit(
            [str(EXAMPLES / "slurm_sweep.sh"), "ranks.yaml"], SLURM_ARRAY_TASK_ID=str(task), SLURM_ARRAY_TASK_COUNT="4"
        )
    assert shards(told) == ["1/4", "2/4", "3/4", "4/4"]
    assert {line.partition(" --shard")[0] for line in told} == {"sweep ranks.yaml --output runs/sweeps/ranks"}


def test_a_slurm_job_spreads_one_model_over_its_gpus(submit):
    told = submit([str(EXAMPLES / "slurm_run.sh"), "qwen2-72b", "swh-eng", "--quantize", "nf4"])
    assert told == ["run --model qwen2-72b --pairs swh-eng --output runs --device-map balanced --quantize nf4"]


def test_an_indexed_job_of_kubernetes_is_a_sweep(submit):
    job = yaml.safe_load((EXAMPLES / "kubernetes_sweep.yaml").read_text())["spec"]
    (container,) = job["template"]["spec"]["containers"]
    given = {row["name"]: row["value"] for row in container["env"]}
    assert int(given["COMPLETIONS"]) == job["completions"]
    told = []
    for index in (0, 1, job["completions"] - 1):
        told += submit([*container["command"], *container["args"]], **given, JOB_COMPLETION_INDEX=str(index))
    assert shards(told) == ["1/64", "2/64", "64/64"]


def test_what_the_scripts_call_are_options_that_exist():
    from typer.testing import CliRunner

    from tli_bench.cli import app
    from tli_bench.cli.verbs import register

    register(app)
    for verb, options in (
        ("sweep", ("--output", "--shard")),
        ("run", ("--model", "--pairs", "--output", "--device-map")),
    ):
        printed = CliRunner(env={"COLUMNS": "200"}).invoke(app, [verb, "--help"]).output
        assert all(option in printed for option in options)


@pytest.mark.slow
def test_the_jobs_of_an_array_train_every_point_once(tmp_path):
    """With the real command, on the embedded model."""
    (tmp_path / "ranks.yaml").write_text(
        "model: tiny\ngrid: {rank: [2, 4], retention: [none], max_steps: [1], layer: [[2]]}\nseeds: [0]\ncontrol: false\n"
    )
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "tli-bench").write_text('#!/usr/bin/env bash\nexec python -m tli_bench "$@"\n')
    (bin_ / "tli-bench").chmod(0o755)
    import sys

    env = os.environ | {
        "PATH": f"{bin_}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(EXAMPLES.parent),
    }
    for task in ("1", "2"):
        job = env | {"SLURM_ARRAY_TASK_ID": task, "SLURM_ARRAY_TASK_COUNT": "2"}
        subprocess.run(
            [EXAMPLES / "slurm_sweep.sh", "ranks.yaml", "out"], env=job, cwd=tmp_path, check=True, timeout=600
        )
    done = subprocess.run(
        ["tli-bench", "sweep", "ranks.yaml", "--output", "out"],
        env=env,
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stderr.count(" kept: ") == 2
    assert len(list((tmp_path / "out" / "points").glob("*.json"))) == 2
