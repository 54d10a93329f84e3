"""Two processes under torchrun, on the CPU: the same training as one with gradient accumulation, written and told once."""

import json
import os

import pytest
from safetensors.torch import load_file

from tests.forked import python
from tli_bench.training import Recipe, train_adapter

RECIPE = {"batch_size": 6, "epochs": 2, "learning_rate": 1e-3, "keep": "last", "modules": "q_proj,v_proj"}

CHILD = """
import json, os, sys
from dataclasses import asdict
from pathlib import Path
from tli_bench.training import Recipe, train_adapter

model, lexicon, output, told, options = sys.argv[1:]
shown = []
recipe = Recipe().with_options(**json.loads(options))
result = train_adapter(
    model, "swh-eng", recipe, output, lexicon=lexicon, progress=lambda p: shown.append(p.step)
)
facts = {"steps": result.steps, "words": result.words_seen, "dev": result.dev_after}
facts |= {"shown": len(shown), "there": Path(output).is_dir()}
Path(told, os.environ["RANK"]).write_text(json.dumps(facts))
"""


def _torchrun(*arguments):
    return python(
        *("-m", "torch.distributed.run", "--nproc_per_node", 2, *arguments),
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    )


@pytest.mark.slow
def test_the_command_trains_writes_and_speaks_once(llama_folder, words, tmp_path):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    output = tmp_path / "adapter"
    done = _torchrun(
        "-m", "tli_bench", "train", "-m", llama_folder, "--lexicon", words, "-o", output, "--batch-size", 6,
        "--epochs", 2,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    # 24 pairs: two batches of 6 a step, so 2 steps an epoch.
    assert "4 steps, 96 words seen" in done.stdout
    assert len([line for line in done.stdout.splitlines() if line.startswith("adapter: ")]) == 1
    shown = [line for line in done.stderr.splitlines() if line.startswith("step ")]
    assert [line.split()[1] for line in shown] == ["2/4", "4/4"]
    assert [path.name for path in tmp_path.iterdir() if path.name != words.name] == ["adapter"]
    stock = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(llama_folder), str(output))
    assert any(p.any() for name, p in stock.named_parameters() if "lora_B" in name)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["lora", "full"])
def test_two_processes_agree_and_do_what_gradient_accumulation_does(loaded, llama_folder, words, tmp_path, kind):
    """Negatives come from the process's own batch, gradients are averaged: one process with two batches a step."""
    script, told = tmp_path / "child.py", tmp_path / "told"
    script.write_text(CHILD, encoding="utf-8")
    told.mkdir()
    options = RECIPE | {"kind": kind, "retention": "kl" if kind == "full" else "none"}
    done = _torchrun(script, llama_folder, words, tmp_path / "two", told, json.dumps(options))
    assert done.returncode == 0, done.stderr[-3000:]
    first, second = (json.loads((told / rank).read_text()) for rank in ("0", "1"))
    assert first["dev"] == second["dev"]
    assert (first["steps"], first["words"]) == (second["steps"], second["words"]) == (4, 96)
    assert (first["shown"] > 0, second["shown"]) == (True, 0)
    assert (first["there"], second["there"]) == (True, True)
    recipe = Recipe().with_options(**options, gradient_accumulation=2)
    train_adapter(loaded, "swh-eng", recipe, tmp_path / "one", lexicon=words)
    name = "adapter_model.safetensors" if kind == "lora" else "model.safetensors"
    two, one = load_file(tmp_path / "two" / name), load_file(tmp_path / "one" / name)
    assert two.keys() == one.keys()
    # AdamW divides by the root of the squared gradient: where that is tiny, rounding in its sum is not.
    assert max(float((two[key] - one[key]).abs().max()) for key in two) < 1e-5


@pytest.mark.slow
def test_bad_input_ends_both_processes_with_the_reason(llama_folder, tmp_path):
    done = _torchrun("-m", "tli_bench", "train", "-m", llama_folder, "-o", tmp_path / "a", "--layer", 99)
    assert done.returncode != 0
    assert "layer '99' is not a hidden state that training can reach" in done.stderr
    assert not (tmp_path / "a").exists()


@pytest.mark.slow
def test_two_processes_resume_after_a_kill(llama_folder, words, tmp_path):
    """With dropout, so that each process must find its own random numbers again."""
    script, told = tmp_path / "child.py", tmp_path / "told"
    die = "lambda p: os.kill(os.getpid(), 9) if p.step == 3 else None"
    told.mkdir()
    options = json.dumps(RECIPE | {"dropout": 0.2, "eval_steps": 1})
    for text, output in ((CHILD.replace("lambda p: shown.append(p.step)", die), "a"), (CHILD, "a"), (CHILD, "b")):
        script.write_text(text, encoding="utf-8")
        done = _torchrun(script, llama_folder, words, tmp_path / output, told, options)
        assert (done.returncode == 0) == (text is CHILD), done.stderr[-3000:]
        if text is not CHILD:
            assert (tmp_path / ".a.checkpoints" / "checkpoint-2" / "rng_state_1.pth").is_file()
    name = "adapter_model.safetensors"
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["sweep", "none.yaml"], "tli-bench sweep runs as one process, but was started as 2; start it without"),
        (["run", "--model", "tinny"], "unknown model 'tinny'; did you mean 'tiny'?"),
    ],
    ids=["a verb that is one process", "an error of one that shares its work"],
)
def test_what_is_wrong_ends_both_processes_in_one_sentence(tmp_path, arguments, told):
    done = _torchrun("-m", "tli_bench", *arguments, "--output", tmp_path / "runs")
    assert done.returncode != 0
    assert f"error: {told}" in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "runs").exists()
    if arguments[0] == "run":
        assert done.stderr.count("error: ") == 1, done.stderr


@pytest.mark.slow
def test_the_command_scores_what_one_process_scores_and_only_rank_0_speaks(tmp_path):
    from tests.plugin.test_ranks import said, same
    from tli_bench.records import RecordStore

    run = ("-m", "tli_bench", "run", "--pairs", "swh-eng,tur-azj", "--placebo", 2)
    two = _torchrun(*run, "--output", tmp_path / "two")
    one = python(*run, "--output", tmp_path / "one")
    assert (one.returncode, two.returncode) == (0, 0), two.stderr[-3000:]
    alone, shared = (list(RecordStore(tmp_path / name)) for name in ("one", "two"))
    assert len(alone) == len(shared) == 2
    for a, b in zip(alone, shared, strict=True):
        same(said(a) | {"recipe": None}, said(b) | {"recipe": None})
    lines = [[line for line in done.stdout.splitlines() if " tasks in " not in line] for done in (one, two)]
    assert lines[0] == lines[1]
    again = _torchrun(*run, "--output", tmp_path / "two")
    assert "2 tasks in" in again.stdout
    assert "(2 already done)" in again.stdout
