"""Bad input through the real command line: exit code 2, one message on standard error, nothing written."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model

from tests.replica import learn_sentences, llama3_model, llama3_tokenizer
from tli_bench.cli import main
from tli_bench.models import load_model
from tli_bench.records import RecordStore

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A model that passes the gate."""
    folder = tmp_path_factory.mktemp("sound")
    tokenizer = llama3_tokenizer()
    model = llama3_model(tokenizer)
    learn_sentences(model, tokenizer)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def adapter(sound, tmp_path_factory):
    folder = tmp_path_factory.mktemp("adapter")
    model = get_peft_model(load_model(str(sound)).model, LoraConfig(r=2, target_modules=["q_proj", "v_proj"]))
    torch.manual_seed(0)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = 0.05 * torch.randn_like(parameter)
    model.save_pretrained(folder)
    return folder


@pytest.fixture
def refused(tmp_path, capsys, monkeypatch):
    """Runs `tli-bench run` in an empty folder, requires exit code 2 and no trace, and gives the message."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(SystemExit) as stop:
            main(["run", *map(str, arguments)])
        assert stop.value.code == 2
        captured = capsys.readouterr()
        message = captured.err.strip().splitlines()[-1]
        assert message.startswith("error: ")
        assert "Traceback" not in captured.err + captured.out
        assert sorted(tmp_path.rglob("*")) == before
        return message.removeprefix("error: ")

    return run


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--model", "tinny"], ["unknown model 'tinny'", "did you mean 'tiny'"]),
        (["--model", "./none"], ["no model folder at './none'"]),
        (["--model", "org/none"], ["org/none is not in the local cache", "hf download org/none"]),
        (["--pairs", "swa-engl"], ["unknown language 'engl'", "did you mean", "'eng'", "tli-bench ls languages"]),
        (["--pairs", "swahili"], ["'swahili' is not a pair", "write SOURCE-TARGET"]),
        (["--pairs", "tur-tr"], ["'tur-tr' pairs tur_Latn with itself"]),
        (["--tasks", "tli_swahilli"], ["unknown task 'tli_swahilli'", "did you mean 'tli_swahili'"]),
        (["--tasks", "tli_turkic", "--pairs", "tur-eng"], ["give --pairs or --tasks, not both"]),
        (["--protocol", "word"], ["unknown protocol 'word'", "did you mean 'words'", "tli-bench ls protocols"]),
        (["--lexicon", "none.tsv"], ["none.tsv"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) and value[0].startswith("--") else "",
)
def test_a_name_that_is_not_known(refused, arguments, parts):
    message = refused("--adapter", "none", *arguments)
    assert all(part in message for part in parts), message


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--dtype", "int4"], "unknown dtype 'int4'; use one of float32, bfloat16, float16"),
        (["--quantize", "q4"], "unknown quantisation 'q4'; use one of nf4, nf4-double, int8, none"),
        (["--device", "gpu"], "'gpu' is not a device; use cpu, cuda, cuda:NUMBER or mps"),
    ],
)
def test_an_option_that_is_not_known(refused, sound, option, message):
    assert message in refused("--model", sound, "--pairs", "swh-eng", *option)


def test_a_word_list_that_leaks_stops_before_the_model_is_looked_at(refused, tmp_path):
    rows = [f"neno{i}\tword{i}\t{split}" for i, split in enumerate(["train", "dev", "control"] * 4)]
    (tmp_path / "leaky.tsv").write_text("\n".join(["source\ttarget\tsplit", *rows, "nenoX\tword0\tcontrol"]) + "\n")
    message = refused("--model", "org/no-such-model", "--pairs", "swh-eng", "--lexicon", "leaky.tsv")
    assert "leaky leaks between train and control" in message
    assert "--allow-leakage" in message


def test_a_broken_base_stops_at_the_gate(refused, model_folder):
    message = refused("--model", model_folder("llama"), "--pairs", "swh-eng")
    assert "does not find ordinary sentences more likely than their shuffled tokens" in message
    assert "--skip-gate" in message


def test_an_adapter_that_does_not_exist(refused, sound):
    message = refused("--model", sound, "--pairs", "swh-eng", "--adapter", "adapters/none")
    assert message.startswith("no adapter at 'adapters/none'")


def test_a_model_as_adapter(refused, sound):
    message = refused("--model", sound, "--pairs", "swh-eng", "--adapter", sound)
    assert "is not a PEFT adapter (it looks like a model: use --model)" in message


def test_an_adapter_of_another_base(refused, sound, adapter, tmp_path):
    copy = shutil.copytree(adapter, tmp_path / "copy")
    config = json.loads((copy / "adapter_config.json").read_text())
    (copy / "adapter_config.json").write_text(json.dumps(config | {"base_model_name_or_path": "org/other"}))
    message = refused("--model", sound, "--pairs", "swh-eng", "--adapter", copy)
    assert "belongs to another base: it was trained on 'org/other'" in message


def test_an_adapter_with_nan(refused, sound, adapter, tmp_path):
    from safetensors.torch import load_file, save_file

    copy = shutil.copytree(adapter, tmp_path / "copy")
    tensors = load_file(copy / "adapter_model.safetensors")
    next(iter(tensors.values()))[0] = float("nan")
    save_file(tensors, copy / "adapter_model.safetensors")
    message = refused("--model", sound, "--pairs", "swh-eng", "--adapter", copy)
    assert "holds NaN or infinite values" in message


def test_an_output_that_is_a_file(refused, sound, tmp_path):
    (tmp_path / "taken").write_text("mine")
    message = refused("--model", sound, "--pairs", "swh-eng", "--output", "taken")
    assert message == "cannot write to taken: File exists; choose another --output"
    assert (tmp_path / "taken").read_text() == "mine"
    assert "cannot write to taken/deeper" in refused("--model", sound, "--pairs", "swh-eng", "--output", "taken/deeper")


def test_an_output_folder_that_was_there_is_left_as_it_was(refused, tmp_path):
    (tmp_path / "runs").mkdir()
    refused("--model", "tinny", "--output", "runs")
    assert (tmp_path / "runs").is_dir()


def test_a_number_out_of_range_is_named(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["run", "--limit", "0"])
    assert stop.value.code == 2
    assert "--limit" in capsys.readouterr().err


def test_the_message_goes_to_standard_error_of_the_real_command(tmp_path):
    command = [
        sys.executable,
        "-m",
        "tli_bench",
        "run",
        "--model",
        "tinny",
        "--pairs",
        "swh-eng",
        "--output",
        tmp_path / "out",
    ]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("error: unknown model 'tinny'; did you mean 'tiny'?")
    assert "error" not in done.stdout
    assert not list(tmp_path.iterdir())


def test_the_same_base_and_adapter_with_nothing_wrong_are_scored(sound, adapter, tmp_path, monkeypatch, capsys):
    """The positive control of this file; the card's name is hostile and is shown as it stands."""
    monkeypatch.chdir(tmp_path)
    copy = shutil.copytree(adapter, tmp_path / "copy")
    (copy / "tli_card.json").write_text(json.dumps({"name": "[/red] ../../x"}))
    arguments = ["--model", sound, "--adapter", copy, "--pairs", "swh-eng", "--limit", "12", "--output", "out"]
    with pytest.raises(SystemExit) as stop:
        main(["run", *map(str, arguments)])
    assert not stop.value.code
    assert "adapter [/red] ../../x (" in capsys.readouterr().out
    (record,) = RecordStore(tmp_path / "out")
    assert record.signature.adapter.name == "[/red] ../../x"
    assert {path.name for path in tmp_path.iterdir()} == {"copy", "out"}
