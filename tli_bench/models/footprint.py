"""How many bytes the weights of a model take under each quantisation, by its shapes alone."""

import math
from typing import NamedTuple

import torch
from torch import nn

from tli_bench.models.body import find_blocks
from tli_bench.models.types import Model

NF4_BLOCK, NESTED_BLOCK = 64, 256
"""Weights that share a scale, and scales that share one where these are quantised as well (bitsandbytes)."""


class Footprint(NamedTuple):
    """Bytes: all weights; the largest single block; the largest matrix that is made whole again to be multiplied, 0 where none is."""

    weights: int
    block: int
    matrix: int


def footprint(model: Model, *, dtype: torch.dtype, quantize: str | None) -> Footprint:
    """Of a skeleton, as `load_model` would hold it. quantize: `nf4`, `nf4-double`, `int8` or None."""
    held = _quantised(model) if quantize else {}
    size, matrix = 0, 0
    sizes: dict[int, int] = {}
    for parameter in model.parameters():
        shape = held.get(id(parameter))
        own = stored(shape, quantize) if shape is not None and quantize else parameter.numel() * dtype.itemsize
        sizes[id(parameter)] = own
        size += own
        matrix = max(matrix, parameter.numel() * dtype.itemsize if shape is not None else 0)
    size += sum(buffer.numel() * buffer.element_size() for _, buffer in model.named_buffers())
    blocks = [sum(sizes[id(parameter)] for parameter in block.parameters()) for block in find_blocks(model) or ()]
    return Footprint(size, max(blocks, default=0), matrix)


def stored(shape: tuple[int, ...], quantize: str) -> int:
    """Bytes of a quantised matrix `[out, in]` with its scales."""
    numbers = math.prod(shape)
    if quantize == "int8":
        return numbers + 4 * shape[0]
    scales = math.ceil(numbers / NF4_BLOCK)
    if quantize == "nf4-double":
        return math.ceil(numbers / 2) + scales + 4 * math.ceil(scales / NESTED_BLOCK)
    return math.ceil(numbers / 2) + 4 * scales


def _quantised(model: Model) -> dict[int, tuple[int, ...]]:
    """The matrices that bitsandbytes takes over, by identity: all linear ones but the head and what is tied to it."""
    from transformers.pytorch_utils import Conv1D
    from transformers.quantizers.base import get_keys_to_not_convert

    kept = tuple(get_keys_to_not_convert(model))
    found: dict[int, tuple[int, ...]] = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear | Conv1D) and not any(
            name == key or name.startswith(f"{key}.") for key in kept
        ):
            shape = tuple(module.weight.shape)
            found[id(module.weight)] = shape[::-1] if isinstance(module, Conv1D) else shape
    return found
