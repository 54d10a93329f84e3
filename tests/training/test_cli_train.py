"""The verbs as a user types them; the lexicon is a file, the model a folder."""

import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from tli_bench.cli.push import push
from tli_bench.cli.sweep import sweep
from tli_bench.cli.train import train
from tli_bench.training import DivergedError


@pytest.fixture
def run():
    app = typer.Typer()
    for name, verb in (("train", train), ("sweep", sweep), ("push", push)):
        app.command(name)(verb)

    def invoke(*args):
        return CliRunner().invoke(app, [str(a) for a in args], catch_exceptions=True)

    return invoke


@pytest.fixture
def words(lexicon, tmp_path):
    path = tmp_path / "pairs.tsv"
    rows = ["source\ttarget\tsplit", *(f"{p.source}\t{p.target}\t{p.split.value}" for p in lexicon.pairs)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_train_saves_an_adapter_and_shows_dev_figures(run, llama_folder, words, tmp_path):
    output = tmp_path / "adapter"
    given = ("train", "-m", llama_folder, "--lexicon", words, "-o", output, "--steps", 4, "--batch-size", 8)
    result = run(*given, "--rank", 4, "--layer", 2)
    assert result.exit_code == 0, result.output
    assert (output / "adapter_model.safetensors").is_file()
    assert "recipe tli+, swh_Latn-eng_Latn, seed 0, loss at layer 2" in result.stdout
    assert "4 steps, 64 words seen, 1,792 parameters in blocks 0, 1" in result.stdout
    assert "dev: gap" in result.stdout
    assert "P@1" in result.stdout
    assert run("push", output, "--repo", "org/demo", "--dry-run").stdout.endswith("would go to org/demo\n")


def test_steps_and_epochs_together_are_refused(run, tmp_path):
    result = run("train", "-o", tmp_path / "a", "--steps", 4, "--epochs", 1)
    assert "--steps and --epochs both say how long" in str(result.exception)


def test_a_divergence_reaches_the_command_line_with_exit_code_1(run, llama_folder, words, tmp_path):
    given = ("train", "-m", llama_folder, "--lexicon", words, "-o", tmp_path / "a", "--batch-size", 8)
    result = run(*given, "--learning-rate", 1e30, "--recipe", "full-finetune")
    assert isinstance(result.exception, DivergedError)
    assert result.exception.exit_code == 1


def test_sweep_lists_its_points_without_training(run, tmp_path):
    spec = tmp_path / "s.yaml"
    spec.write_text("grid: {rank: [4, 8]}\nseeds: [0, 1]\n")
    result = run("sweep", spec, "--dry-run")
    assert result.exit_code == 0
    assert "swh_Latn-eng_Latn  recipe=tli rank=8  seed 1" in result.stdout
    assert "4 points, to runs/sweeps/s" in result.stdout


def test_sweep_writes_its_table(run, llama_folder, words, tmp_path):
    spec = tmp_path / "s.yaml"
    spec.write_text(f"model: {llama_folder}\nlexicon: {words}\ngrid: {{rank: [2], max_steps: [2], batch_size: [8]}}\n")
    result = run("sweep", spec, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.exception
    assert (tmp_path / "out" / "table.md").read_text() in result.stdout


def test_help_and_recipes_load_no_torch():
    code = (
        "import sys; import tli_bench.cli.train, tli_bench.cli.sweep, tli_bench.cli.push; "
        "from tli_bench.training import recipe_names; recipe_names(); print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
