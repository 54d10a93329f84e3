"""Full fine-tuning whose weights, gradients and moments are shared out among processes: FSDP2, as `accelerate launch` asks for it."""

import os
from typing import Any

from torch import Tensor

from tli_bench.base.errors import InputError
from tli_bench.base.launched import processes
from tli_bench.models.types import Model

_SETTINGS = {
    "FSDP_VERSION": "1",
    "FSDP_CPU_RAM_EFFICIENT_LOADING": "true",
    "FSDP_STATE_DICT_TYPE": "sharded_state_dict",
}
"""Settings of accelerate that matter here, with what it takes them to be where they are not said."""
_WANTED = {
    "FSDP_VERSION": "2",
    # Every process scores the dev words before the first step, so each needs the weights.
    "FSDP_CPU_RAM_EFFICIENT_LOADING": "false",
    "FSDP_STATE_DICT_TYPE": "sharded_state_dict",
}


def is_sharded() -> bool:
    """Whether `accelerate launch` was told to use FSDP, with several processes."""
    asked = os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true"
    return asked and processes() > 1


def require_shardable(kind: str, *, named: bool) -> None:
    """Raise InputError for a training whose weights cannot be shared out as `accelerate launch` was told; nothing where it was not.

    kind: of the recipe; named: whether the base is loaded for this training alone.
    """
    if not is_sharded():
        return
    if kind != "full":
        raise InputError(
            "FSDP shares out what full fine-tuning trains, and LoRA trains little; start it with torchrun, or as one process with "
            "--device-map balanced where the model is too large for one GPU"
        )
    if not named:
        raise InputError(
            "FSDP leaves each process with a share of the base, so it is loaded for one training alone; give its name, and train a twin by "
            "itself (--shuffle-pairs)"
        )
    told = {name: os.environ.get(name, usual).lower() for name, usual in _SETTINGS.items()}
    for name, wanted in _WANTED.items():
        if told[name] != wanted:
            raise InputError(
                f"accelerate was told {name.lower()}: {told[name]}, and training needs {wanted}; take examples/fsdp.yaml"
            )


def whole(model: Model) -> dict[str, Tensor]:
    """The tensors of a model by name, each put together from all processes, which all have to ask; on the CPU.

    Tied tensors stay one.
    """
    found: dict[int, Tensor] = {}
    state = {}
    for name, tensor in model.state_dict().items():
        own: Any = tensor.to_local() if hasattr(tensor, "to_local") else tensor
        if own.data_ptr() not in found:
            full: Any = tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor
            found[own.data_ptr()] = full.cpu()
        state[name] = found[own.data_ptr()]
    return state


def local_bytes(model: Model) -> int:
    """Bytes of a model's weights that this process holds."""
    seen = {}
    for parameter in model.parameters():
        own: Any = parameter.to_local() if hasattr(parameter, "to_local") else parameter
        seen[own.data_ptr()] = own.numel() * own.element_size()
    return sum(seen.values())
