"""What vLLM serves of an adapter: LoRA on linear modules. What it would leave out, or compute otherwise than PEFT, is refused."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from torch import nn

from tli_bench.base.errors import AdapterError
from tli_bench.models.adapter_files import CONFIG, AdapterFiles
from tli_bench.models.types import Model

RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""Ranks for which vLLM makes room; an adapter of another rank takes the next."""
OTHERWISE = "leave out --engine vllm"
# Settings of PEFT that say where LoRA is and how strong, or that matter to training alone. Any other that is set changes what is computed.
_SERVED = {
    "peft_type", "peft_version", "task_type", "auto_mapping", "base_model_name_or_path", "revision", "inference_mode", "r", "lora_alpha",
    "use_rslora", "target_modules", "exclude_modules", "layers_to_transform", "layers_pattern", "lora_dropout", "init_lora_weights",
    "megatron_core", "qalora_group_size", "eva_config", "ensure_weight_tying",
}  # fmt: skip
# Ways to begin that leave the base as it is.
_BEGINNINGS = (None, True, False, "gaussian", "eva", "orthogonal")
_UNSET: tuple[Any, ...] = (None, False, [], {}, "none")
_TENSOR = re.compile(r"base_model\.model\.(.+)\.lora_([AB])\.weight")


class Served(NamedTuple):
    """What vLLM has to be told of an adapter. rank: one of RANKS; modules: last parts of the names of the modules that have LoRA."""

    rank: int
    modules: tuple[str, ...]


def served(files: AdapterFiles, shapes: Mapping[str, tuple[int, ...]], model: Model) -> Served:
    """How vLLM serves an adapter. shapes: of its tensors; model: the base, which may be one without weights.

    Raises AdapterError for a kind or a setting that vLLM does not serve, and for tensors that the base has no linear module for: vLLM
    would leave them out without a word.
    """
    kind, rank = files.config["peft_type"], files.config.get("r")
    if kind != "LORA":
        raise AdapterError(f"{files.path} is a {kind} adapter, and vLLM serves LoRA alone; {OTHERWISE}")
    for name, value in files.config.items():
        beginning = name == "init_lora_weights" and value not in _BEGINNINGS
        if beginning or (name not in _SERVED and value not in _UNSET):
            raise AdapterError(
                f"{files.path / CONFIG} sets {name} to {value!r}, which vLLM does not serve; {OTHERWISE}"
            )
    room = next((size for size in RANKS if isinstance(rank, int) and size >= rank), None)
    if room is None:
        raise AdapterError(f"{files.path} has rank {rank!r}, and vLLM serves ranks up to {RANKS[-1]}; {OTHERWISE}")
    linear = {name: part for name, part in model.named_modules() if isinstance(part, nn.Linear)}
    found = set()
    for name, shape in shapes.items():
        match = _TENSOR.fullmatch(name)
        module: Any = linear.get(match[1]) if match else None
        if match is None or module is None:
            raise AdapterError(
                f"{files.path} holds {name}, and the base has no linear module of that name, so vLLM would leave it out; {OTHERWISE}"
            )
        expected = (rank, module.in_features) if match[2] == "A" else (module.out_features, rank)
        if shape != expected:
            raise AdapterError(
                f"{files.path} does not fit its base: {name} is {shape} in the file and {expected} in the model; give the base that it "
                "was trained on"
            )
        found.add(match[1].rpartition(".")[2])
    return Served(room, tuple(sorted(found)))
