"""Full fine-tuning under FSDP: two processes with half of the weights each end where one ends that has them all, also after a kill."""

import json
import os
from pathlib import Path

import pytest
from safetensors.torch import load_file

from tests.forked import python
from tli_bench.base.errors import InputError
from tli_bench.training import Recipe, train_adapter
from tli_bench.training.sharded import require_shardable
from tli_bench.training.twins import train_with_twin

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "fsdp.yaml"
RECIPE = {
    "kind": "full", "batch_size": 6, "epochs": 2, "eval_steps": 1, "learning_rate": 1e-3, "keep": "best", "retention": "kl",
}  # fmt: skip
CHILD = """
import json, os, sys
from pathlib import Path
from tli_bench.training import Recipe, train, train_adapter
from tli_bench.training.sharded import local_bytes

model, lexicon, output, told, options, last = sys.argv[1:]
scored = train._result

def measured(job, part, *args, **kwargs):
    Path(told, os.environ["RANK"]).write_text(str(local_bytes(part.model)))
    return scored(job, part, *args, **kwargs)

train._result = measured
die = lambda p: os.kill(os.getpid(), 9) if p.step == int(last) else None
recipe = Recipe().with_options(**json.loads(options))
result = train_adapter(model, "swh-eng", recipe, output, lexicon=lexicon, progress=die)
print("resumed", result.resumed, flush=True)
"""


@pytest.fixture(scope="module")
def settings():
    """What accelerate tells processes that it launches by our example, on a machine of GPUs."""
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser
    from accelerate.utils.launch import prepare_multi_gpu_env

    given = ["--config_file", str(EXAMPLE), "--num_processes", "2", "x.py"]
    arguments, _, _ = _validate_launch_command(launch_command_parser().parse_args(given))
    assert arguments.use_fsdp
    told = prepare_multi_gpu_env(arguments)
    return {name: value for name, value in told.items() if "FSDP" in name}


@pytest.mark.slow
def test_two_processes_with_half_the_weights_each_end_as_one_does_also_after_a_kill(llama, words, settings, tmp_path):
    folder, script, told = llama(tied=False), tmp_path / "child.py", tmp_path / "told"
    script.write_text(CHILD, encoding="utf-8")
    told.mkdir()
    env = {**os.environ, **settings, "CUDA_VISIBLE_DEVICES": ""}
    start = ("-m", "torch.distributed.run", "--nproc_per_node", 2, script, folder, words, tmp_path / "two", told)
    killed = python(*start, json.dumps(RECIPE), 3, env=env)
    assert killed.returncode != 0
    assert not (tmp_path / "two").exists()
    assert (tmp_path / ".two.checkpoints" / "checkpoint-2" / "complete.json").is_file()
    done = python(*start, json.dumps(RECIPE), 0, env=env)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "resumed True" in done.stdout
    train_adapter(
        str(folder),
        "swh-eng",
        Recipe().with_options(**RECIPE, gradient_accumulation=2),
        tmp_path / "one",
        lexicon=words,
    )
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    assert one.keys() == two.keys()
    assert all(one[name].shape == two[name].shape for name in one)
    assert max(float((one[name] - two[name]).abs().max()) for name in one) < 1e-5
    base = load_file(folder / "model.safetensors")
    assert max(float((one[name] - base[name]).abs().max()) for name in one) > 1e-3
    every = sum(tensor.numel() * 4 for tensor in base.values())
    shares = [int((told / rank).read_text()) for rank in ("0", "1")]
    assert every <= sum(shares) <= 1.01 * every
    assert max(shares) <= 0.51 * every


@pytest.fixture
def launched(settings, monkeypatch):
    """As if accelerate had started this process by our example, next to another."""
    for name, value in {**settings, "WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_the_example_is_what_training_needs_and_one_process_is_not_sharded(launched):
    require_shardable("full", named=True)
    launched.setenv("WORLD_SIZE", "1")
    require_shardable("lora", named=False)


def test_lora_a_loaded_base_and_a_twin_are_refused_in_one_sentence(launched, loaded, llama_folder, words, tmp_path):
    with pytest.raises(
        InputError, match="FSDP shares out what full fine-tuning trains, and LoRA trains little; start it with torchrun"
    ):
        train_adapter(str(llama_folder), "swh-eng", Recipe(), tmp_path / "a", lexicon=words)
    full = Recipe().with_options(kind="full")
    with pytest.raises(InputError, match="loaded for one training alone; give its name"):
        train_adapter(loaded, "swh-eng", full, tmp_path / "a", lexicon=words)
    with pytest.raises(InputError, match=r"train a twin by itself \(--shuffle-pairs\)"):
        train_with_twin(str(llama_folder), "swh-eng", full, tmp_path / "a", lexicon=words)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("FSDP_VERSION", "1", "accelerate was told fsdp_version: 1, and training needs 2; take examples/fsdp.yaml"),
        ("FSDP_CPU_RAM_EFFICIENT_LOADING", "true", "fsdp_cpu_ram_efficient_loading: true, and training needs false"),
        ("FSDP_STATE_DICT_TYPE", "FULL_STATE_DICT", "fsdp_state_dict_type: full_state_dict, and training needs sharded_state_dict"),
    ],
)  # fmt: skip
def test_settings_of_accelerate_that_will_not_do_are_named(launched, name, value, said):
    launched.setenv(name, value)
    with pytest.raises(InputError) as caught:
        require_shardable("full", named=True)
    assert said in str(caught.value)
