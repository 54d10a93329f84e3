"""Where the weights of a model go: one device, or all GPUs as accelerate spreads them, and what each may hold."""

import re
from collections.abc import Sequence

from tli_bench.base.errors import InputError, ModelError
from tli_bench.models.types import Model

_SIZE = re.compile(r"[0-9]+(\.[0-9]+)?(GiB|MiB|KiB|GB|MB|KB)")


def memory_of(texts: Sequence[str]) -> dict[int | str, str] | None:
    """What each device may hold, as accelerate takes it, from texts such as `0=20GiB`; None for no texts.

    Raises InputError for a text that is not a device and a size.
    """
    found: dict[int | str, str] = {}
    for text in texts:
        device, _, size = text.partition("=")
        device, size = device.strip(), size.strip()
        if not (device.isdigit() or device == "cpu") or not _SIZE.fullmatch(size):
            raise InputError(
                f"--max-memory {text!r} is not DEVICE=SIZE; give the number of a GPU or cpu, and a size such as 20GiB: "
                "0=20GiB,1=20GiB,cpu=60GiB"
            )
        found[int(device) if device.isdigit() else device] = size
    return found or None


def require_one_placement(device: str | None, device_map: str | None, max_memory: Sequence[str]) -> None:
    """Raise InputError for options that contradict each other, or sizes that cannot be read."""
    if device_map and device:
        raise InputError(f"--device-map {device_map} chooses the devices itself; leave out --device {device}")
    if memory_of(max_memory) and not device_map:
        raise InputError("--max-memory is what --device-map may fill; add --device-map auto, or leave it out")


def require_in_memory(model: Model, name: str) -> None:
    """Raise ModelError for a model parts of which were left on disk or wait on the CPU for a GPU: their weights cannot be read here."""
    away = [part for part, tensor in model.named_parameters() if tensor.device.type == "meta"]
    if away:
        raise ModelError(
            f"{name} does not fit into the memory that it may use: {len(away)} tensors would stay outside of it (first {away[0]}); "
            "give more with --max-memory, add GPUs, or take --quantize nf4 (`tli-bench plan` says what is needed)"
        )
