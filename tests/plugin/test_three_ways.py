"""`tli-bench run`, lm-eval's own command line and `simple_evaluate` from Python give the same numbers to the last digit."""

import json
import math
import os
import shutil
import subprocess
import sys

import pytest
import yaml

from tests.command import tli_bench
from tests.forked import python
from tli_bench.base.paths import data_dir

TASK = "tli_alignment_swh_Latn-eng_Latn"
LIMIT = 90


@pytest.fixture(scope="module")
def base(model_folder):
    return model_folder("llama")


@pytest.fixture(scope="module")
def adapter(base, tmp_path_factory):
    """A stock PEFT adapter with random weights on the random base."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base), LoraConfig(r=4, target_modules=["q_proj", "v_proj"])
    )
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.5)
    folder = tmp_path_factory.mktemp("adapter")
    model.save_pretrained(folder)
    return folder


def run(*arguments):
    done = python("-m", "tli_bench", *arguments, env={**os.environ, "COLUMNS": "160"})
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def command(*arguments):
    return run(*arguments).stdout


def scalars(results, task=TASK):
    return {k.split(",")[0]: v for k, v in results["results"][task].items() if isinstance(v, float)}


@pytest.fixture(scope="module")
def by_run(base, adapter, tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    arguments = (
        "run",
        "--model",
        base,
        "--adapter",
        adapter,
        "--pairs",
        "swh-eng",
        "--limit",
        LIMIT,
        "--skip-gate",
        "--placebo",
        0,
    )
    printed = tli_bench(*arguments, "--output", out)
    results = json.loads(next(out.glob("results_*.json")).read_text())
    record = json.loads(next(out.rglob(f"{TASK}/*.json")).read_text())
    return printed, results, record, out, arguments


def test_python_gives_the_same_digits(by_run, base, adapter):
    import lm_eval
    from lm_eval.tasks import TaskManager

    import tli_bench.plugin.lm  # noqa: F401

    found = lm_eval.simple_evaluate(
        model="tli",
        model_args={"pretrained": str(base), "adapter": str(adapter), "skip_gate": True},
        tasks=[TASK],
        limit=LIMIT,
        bootstrap_iters=0,
        task_manager=TaskManager(include_path=str(data_dir("tasks")), include_defaults=False),
    )
    ours, theirs = scalars(by_run[1]), scalars(found)
    assert len(ours) > 50
    assert ours.keys() == {k for k, v in theirs.items() if not math.isnan(v)}
    assert all(ours[name] == theirs[name] for name in ours)
    sample = found["samples"][TASK][0]
    assert "PairStates(base+adapted, 5 layers)" in repr(sample["resps"])  # logged by a short repr, never as arrays


@pytest.mark.slow
def test_lm_evals_own_command_line_gives_the_same_digits(by_run, base, adapter, tmp_path):
    """Through the pass-through; slow because lm-eval indexes all of its stock tasks first."""
    arguments = f"pretrained={base},adapter={adapter},skip_gate=True"
    printed = command(
        "lm-eval",
        "run",
        "--model",
        "tli",
        "--model_args",
        arguments,
        "--tasks",
        TASK,
        "--limit",
        LIMIT,
        "--output_path",
        tmp_path,
    )
    assert TASK in printed
    found = json.loads(next(tmp_path.rglob("results_*.json")).read_text())
    ours, theirs = scalars(by_run[1]), scalars(found)
    assert all(ours[name] == theirs[name] for name in ours)


@pytest.mark.slow
def test_stock_hf_model_runs_our_tasks(by_run, base, adapter, tmp_path):
    """`lm_eval run --model hf` knows nothing of us but the include path; the base is the PEFT model's own base."""
    done = subprocess.run(
        [sys.executable, "-m", "lm_eval", "run", "--model", "hf", "--model_args", f"pretrained={base},peft={adapter},dtype=float32",
         "--tasks", TASK, "--limit", str(LIMIT), "--device", "cpu",
         "--include_path", str(data_dir("tasks")), "--output_path", str(tmp_path)],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(next(tmp_path.rglob("results_*.json")).read_text())
    ours, theirs = scalars(by_run[1]), scalars(found)
    assert all(ours[name] == pytest.approx(theirs[name], rel=1e-5, abs=1e-6) for name in ours)


def test_the_table_and_the_record_tell_the_same(by_run):
    printed, results, record, out, _ = by_run
    assert "trained" in printed
    assert "→" in printed
    assert str(out) in printed
    best = record["best_layer"]["adapted"]
    depth = record["signature"]["layers"].index(best)
    assert scalars(results)["control_gap"] == record["curves"]["control"]["adapted"]["gap"][depth]
    assert record["signature"]["limit"] == LIMIT
    assert record["signature"]["skip_gate"] is True
    assert record["signature"]["adapter"]["sha256"]
    for key in ("results", "configs", "versions", "n-samples", "higher_is_better"):
        assert TASK in results[key]


def test_a_second_run_computes_nothing_and_says_the_same(by_run):
    _, results, _, out, arguments = by_run
    path = next(out.rglob(f"{TASK}/*.json"))
    before = path.stat().st_mtime_ns
    assert "done before" in tli_bench(*arguments, "--output", out)
    assert path.stat().st_mtime_ns == before
    latest = max(out.glob("results_*.json"), key=lambda p: p.name)
    assert scalars(json.loads(latest.read_text())) == scalars(results)


def test_the_record_holds_the_recipe_of_its_run(by_run, base):
    _, _, record, out, _ = by_run
    recipe = record["recipe"]
    assert recipe == json.loads(json.dumps(yaml.safe_load((out / "run.yaml").read_text())))
    assert (recipe["model"], recipe["limit"], recipe["dtype"]) == (str(base), LIMIT, "float32")


@pytest.mark.slow
def test_a_changed_record_is_measured_again_and_that_is_said(by_run, tmp_path):
    *_, record, out, arguments = by_run
    copy = shutil.copytree(out, tmp_path / "copy")
    (path,) = copy.rglob(f"{TASK}/*.json")
    path.write_text(path.read_text().replace('"limit":', '"limit":1', 1))
    done = run(*arguments, "--output", copy)
    assert f"{path}: was changed after it was written" in " ".join(done.stderr.split())
    assert "done before" not in done.stdout
    assert json.loads(path.read_text())["columns"] == record["columns"]


def test_every_aggregate_can_be_recomputed_from_its_column(by_run):
    record = by_run[2]
    for state, layer in record["best_layer"].items():
        columns = record["columns"]["control"][state][layer]
        assert {"cosine", "mismatched", "gap", "p1", "p5", "mrr", "mexa", "csls_p1"} <= columns.keys()
        depth = record["signature"]["layers"].index(layer)
        curves = record["curves"]["control"][state]
        for name, column in columns.items():
            assert len(column) == len(record["words"]["control"]["concepts"])
            own = [value for value in column if value is not None]
            assert sum(own) / len(own) == pytest.approx(curves[name][depth], abs=1e-9), name
        assert set(columns["p1"]) <= {0.0, 0.5, 1.0}


@pytest.mark.slow
def test_an_encoder_is_scored_too(model_folder, tmp_path):
    command("run", "--model", model_folder("bert"), "--pairs", "tur-azj", "--limit", 60, "--output", tmp_path)
    record = json.loads(next(tmp_path.rglob("tli_alignment*/*.json")).read_text())
    assert record["signature"]["tokens"] == 'bos+eos lead="." space=yes'
    assert record["signature"]["layers"] == ["0", "1", "2", "3"]
