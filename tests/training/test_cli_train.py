"""The verbs as a user types them; the lexicon is a file, the model a folder."""

import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from tests.command import tli_bench
from tli_bench.cli import main
from tli_bench.cli.push import push
from tli_bench.cli.sweep import sweep
from tli_bench.cli.train import train
from tli_bench.report.sweeps import load_sweep


@pytest.fixture
def run():
    app = typer.Typer()
    for name, verb in (("train", train), ("sweep", sweep), ("push", push)):
        app.command(name)(verb)

    def invoke(*args):
        return CliRunner().invoke(app, [str(a) for a in args], catch_exceptions=True)

    return invoke


def test_train_saves_an_adapter_and_shows_dev_figures(run, llama_folder, words, tmp_path):
    output = tmp_path / "adapter"
    given = ("train", "-m", llama_folder, "--lexicon", words, "-o", output, "--steps", 4, "--batch-size", 8)
    result = run(*given, "--rank", 4, "--layer", 2, "--modules", "q_proj,v_proj")
    assert result.exit_code == 0, result.output
    assert (output / "adapter_model.safetensors").is_file()
    assert "recipe tli+, swh_Latn-eng_Latn, seed 0, loss at layer 2" in result.stdout
    assert "4 steps, 64 words seen, 1,792 parameters in blocks 0, 1" in result.stdout
    assert "dev: AUC, centred" in result.stdout  # eight dev words are too few for P@1 of 50
    assert "P@1" in result.stdout
    assert run("push", output, "--repo", "org/demo", "--dry-run").stdout.endswith("would go to org/demo\n")


def test_steps_and_epochs_together_are_refused(run, tmp_path):
    result = run("train", "-o", tmp_path / "a", "--steps", 4, "--epochs", 1)
    assert "--steps and --epochs both say how long" in str(result.exception)


@pytest.fixture
def refused(capsys):
    """Runs the whole command, which must end with `code`; gives its message."""

    def call(*args, code=2):
        with pytest.raises(SystemExit) as stop:
            main([str(a) for a in args])
        message = capsys.readouterr().err
        assert stop.value.code == code, message
        assert "Traceback" not in message
        return message

    return call


def test_a_loss_that_is_no_number_stops_with_exit_code_1_and_the_last_good_checkpoint(
    refused, llama_folder, words, tmp_path
):
    recipe = tmp_path / "wild.yaml"
    recipe.write_text("batch_size: 8\nlearning_rate: 1.0e+30\nwarmup_steps: 3\neval_steps: 1\nkeep: last\n")
    given = ("train", "-m", llama_folder, "--lexicon", words, "-o", tmp_path / "a", "--recipe", recipe)
    message = refused(*given, code=1)
    found = re.search(
        r"error: training stopped at step (\d+): .* the last good checkpoint is kept: (\S+)\. Lower", message
    )
    assert found, message
    kept = load_file(Path(found[2]) / "model.safetensors")
    assert all(tensor.isfinite().all() for tensor in kept.values())
    assert not (tmp_path / "a").exists()
    assert "pass --restart to discard" in refused(*given, "--learning-rate", 1e-3)
    refused(*given, "--learning-rate", 1e-3, "--restart", "--steps", 2, code=0)
    assert (tmp_path / "a" / "adapter_model.safetensors").is_file()


def test_a_base_that_holds_nan_is_refused_before_the_first_step(refused, llama_folder, words, tmp_path):
    base = tmp_path / "poisoned"
    shutil.copytree(llama_folder, base)
    weights = load_file(base / "model.safetensors")
    weights["model.layers.3.mlp.up_proj.weight"][0, 0] = float("nan")
    save_file(weights, base / "model.safetensors", metadata={"format": "pt"})
    message = refused("train", "-m", base, "--lexicon", words, "-o", tmp_path / "a", "--layer", 2)
    assert "poisoned holds NaN or infinite weights in model.layers.3.mlp.up_proj.weight" in message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--batch-size", "1"], "batch_size 1 leaves infonce no negatives"),
        (["--layer", "5"], "layer '5' is not a hidden state that training can reach: this model has 4 blocks"),
        (["--modules", "q_prj"], "unknown module 'q_prj'; did you mean 'q_proj'"),
        (["--recipe", "tlii"], "unknown recipe 'tlii'; did you mean 'tli'"),
        (["--kind", "ful"], "kind: Input should be 'lora' or 'full'"),
        (
            ["--retention", "none", "--retain-text", "x.txt"],
            "the recipe has no retention; add --retention kl or hidden",
        ),
        (["--retain-text", "nowhere.txt"], "the retention text nowhere.txt cannot be read"),
    ],
)
def test_options_that_cannot_work_end_with_a_reason(refused, llama_folder, words, tmp_path, options, message):
    given = ("train", "-m", llama_folder, "--lexicon", words, "-o", tmp_path / "a")
    assert message in refused(*given, *options)
    assert sorted(path.name for path in tmp_path.iterdir()) == [words.name]


def test_an_unknown_recipe_key_is_named_with_a_near_one(refused, tmp_path):
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("rnak: 4\n")
    message = refused("train", "-o", tmp_path / "a", "--recipe", recipe)
    assert f"unknown recipe key 'rnak'; did you mean 'rank'?; in {recipe}" in message


@pytest.mark.parametrize("split", ["train", "dev"])
def test_an_empty_split_is_named_with_what_to_add(refused, llama_folder, words, tmp_path, split):
    rows = [row for row in words.read_text(encoding="utf-8").splitlines() if not row.endswith(f"\t{split}")]
    words.write_text("\n".join(rows) + "\n", encoding="utf-8")
    message = refused("train", "-m", llama_folder, "--lexicon", words, "-o", tmp_path / "a")
    assert f"the {split} split of pairs (swh_Latn-eng_Latn) has 0 pairs and training needs at least 2" in message


def test_a_full_disk_ends_with_exit_code_2_and_leaves_the_old_adapter(refused, llama_folder, words, tmp_path):
    output = tmp_path / "a"
    given = ("train", "-m", llama_folder, "--lexicon", words, "-o", output, "--retention", "none", "--steps", 2)
    refused(*given, code=0)
    before = {path.name: path.read_bytes() for path in output.iterdir()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        message = refused(*given, "--seed", 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert re.search(
        r"error: cannot write .*checkpoint-\d.*Free some space and run the same command to continue", message
    )
    assert {path.name: path.read_bytes() for path in output.iterdir()} == before


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
    result = run("sweep", spec, "-o", tmp_path / "out", "--pack", tmp_path / "packed.json")
    assert result.exit_code == 0, result.exception
    assert (tmp_path / "out" / "table.md").read_text() in result.stdout
    packed, folder = load_sweep(tmp_path / "packed.json"), load_sweep(tmp_path / "out")
    assert (packed.name, packed.points, packed.base) == ("s", folder.points, folder.base)
    assert (packed.points[0].rank, packed.points[0].steps) == (2, 2)
    # A board of nothing was written, and readers of records advised to write some into the sweep.
    for verb in (("leaderboard", tmp_path / "out", "--out", tmp_path / "board"), ("results", "ls", tmp_path / "out")):
        assert "holds points of trainings and no records; `tli-bench plot sweep" in tli_bench(*verb, code=2)
    assert not (tmp_path / "board" / "index.html").exists()
    (tmp_path / "empty").mkdir()
    told = tli_bench("leaderboard", tmp_path / "empty", "--out", tmp_path / "board", code=2)
    assert "empty holds nothing to show; `tli-bench run --output" in told


def test_a_sweep_tells_of_a_wrong_layer_after_its_first_point(refused, llama_folder, words, tmp_path):
    spec = tmp_path / "s.yaml"
    spec.write_text(
        f"model: {llama_folder}\nlexicon: {words}\nrecipes: [tli-early]\n"
        "grid: {rank: [2, 4], max_steps: [2], batch_size: [8], retention: [none]}\n"
    )
    message = refused("sweep", spec, "-o", tmp_path / "out", "--layer", 9)
    assert "unknown layer '9'; known: 0, 1, 2, 3, 4, 4p, loss, output" in message
    assert len(list((tmp_path / "out" / "points").iterdir())) == 1


def test_help_and_recipes_load_no_torch():
    code = (
        "import sys; import tli_bench.cli.train, tli_bench.cli.sweep, tli_bench.cli.push; "
        "from tli_bench.training import recipe_names; recipe_names(); print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
