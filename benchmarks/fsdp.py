"""What a process holds in full fine-tuning, alone with all of it (DDP) or with a share (FSDP): `python -m benchmarks.fsdp`.

Two processes on the CPU, in fp32, on a Llama of random weights, for three steps without retention: bytes of the weights that each holds,
and the most resident memory of a process above what it had before training began (the model was loaded by then).
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SHAPE = {
    "hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 6, "num_attention_heads": 12, "num_key_value_heads": 4,
    "max_position_embeddings": 256, "tie_word_embeddings": False,
}  # fmt: skip
OPTIONS = {"batch_size": 8, "max_steps": 3, "eval_steps": 3, "retention": "none", "keep": "last"}
FSDP = {
    "ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2", "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP",
    "FSDP_RESHARD_AFTER_FORWARD": "true", "FSDP_STATE_DICT_TYPE": "SHARDED_STATE_DICT", "FSDP_CPU_RAM_EFFICIENT_LOADING": "false",
}  # fmt: skip


def main() -> int:
    """Measure both ways, or be one of the processes."""
    if len(sys.argv) > 1:
        return _one(Path(sys.argv[1]), Path(sys.argv[2]))
    with tempfile.TemporaryDirectory() as work:
        model = Path(work, "model")
        weights = _make(model)
        print(f"weights: {weights / 1e6:.0f} MB in fp32")
        for name, given in (("DDP", {}), ("FSDP", FSDP)):
            told = Path(work, name)
            told.mkdir()
            command = [
                sys.executable,
                "-m",
                "torch.distributed.run",
                "--nproc_per_node",
                "2",
                "-m",
                "benchmarks.fsdp",
                str(model),
                str(told),
            ]
            subprocess.run(
                command, env={**os.environ, **given, "CUDA_VISIBLE_DEVICES": ""}, check=True, capture_output=True
            )
            for path in sorted(told.glob("?.json")):
                found = json.loads(path.read_text())
                print(
                    f"{name}, rank {path.stem}: holds {found['held'] / 1e6:.0f} MB, peak {found['peak'] / 1e6:.0f} MB"
                )
    return 0


def _make(folder: Path) -> int:
    from transformers import LlamaConfig, LlamaForCausalLM

    from tli_bench.models import load_model

    tokenizer = load_model("tiny").tokenizer
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **SHAPE))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return sum(p.numel() for p in model.parameters()) * 4


def _one(model: Path, told: Path) -> int:
    from tli_bench.training import load_recipe, train, train_adapter
    from tli_bench.training.sharded import local_bytes

    fitted, scored, found = train._fit, train._result, {}

    def fit(*args: Any, **kwargs: Any) -> Any:
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins here
        found["before"] = _memory("VmRSS")
        return fitted(*args, **kwargs)

    def result(job: Any, part: Any, *args: Any, **kwargs: Any) -> Any:
        found["held"], found["peak"] = local_bytes(part.model), _memory("VmHWM") - found["before"]
        return scored(job, part, *args, **kwargs)

    train._fit, train._result = fit, result
    train_adapter(str(model), "swh-eng", load_recipe("full-finetune").with_options(**OPTIONS), told / "model")
    Path(told, f"{os.environ['RANK']}.json").write_text(json.dumps(found))
    return 0


def _memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    sys.exit(main())
