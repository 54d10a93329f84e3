"""Whether a configuration's sizes can be those of the tensors next to it, so that no file makes us allocate what it does not hold."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tli_bench.base.jsons import parse_json
from tli_bench.models.shapes import Shapes

_LONGEST_HEADER = 100_000_000
"""As in safetensors itself."""
# Generous: parts may be left out of a file, and quantised tensors are packed.
_LAYERS, _WIDTH, _TIMES, _RANK = 1000, 1 << 18, 16, 1024
_COUNTS = frozenset({"num_hidden_layers", "num_layers", "n_layer", "n_layers", "encoder_layers", "decoder_layers"})
_WIDTHS = frozenset({"vocab_size", "hidden_size", "intermediate_size", "n_embd", "d_model", "d_ff", "head_dim"})
_LENGTHS = ("embedding_length", "feed_forward_length", "vocab_size", "attention.key_length", "attention.value_length")
"""Dimensions of tensors, as GGUF files name them."""
_RANKS = ("r", "init_r", "target_r", "num_virtual_tokens")


def header_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor that a safetensors file names; raises OSError or ValueError for a file that is none."""
    return {name: _shape(name, facts) for name, facts in read_header(path).items() if name != "__metadata__"}


def read_header(path: Path) -> dict[str, Any]:
    """What a safetensors file says of its tensors and of itself; raises OSError or ValueError for a file that is none."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 0 < length <= _LONGEST_HEADER:
            raise ValueError(f"states a header of {length:,} bytes")
        header = parse_json(file.read(length))
    if not isinstance(header, dict):
        raise ValueError("its header is not an object")
    return header


def _shape(name: str, facts: Any) -> tuple[int, ...]:
    shape = facts.get("shape") if isinstance(facts, dict) else None
    if not isinstance(shape, list) or not all(isinstance(size, int) and size >= 0 for size in shape):
        raise ValueError(f"states no shape of the tensor {name!r:.60}")
    return tuple(shape)


def implausible_model(config: Mapping[str, Any], shapes: Shapes) -> str:
    """What a model's configuration asks for and its tensors cannot be, in words; empty where all may be right."""
    largest = _largest(shapes)
    for name, value in _numbers(config):
        if name in _COUNTS and value > max(_LAYERS, len(shapes)):
            return f"`{name}` is {value:,}, but there are {len(shapes):,} tensors"
        if name in _WIDTHS and value > max(_WIDTH, _TIMES * largest):
            return f"`{name}` is {value:,}, but no tensor is longer than {largest:,}"
    return ""


def implausible_gguf(numbers: Mapping[str, int], shapes: Shapes) -> str:
    """What a GGUF file says of its model and its tensors cannot be, in words; empty where all may be right."""
    largest = _largest(shapes)
    most = {"block_count": len(shapes), "expert_count": largest, **dict.fromkeys(_LENGTHS, 2 * largest)}
    for name, bound in most.items():
        if (value := numbers.get(name, 0)) > bound:
            return f"`{name}` is {value:,}, but it holds {len(shapes):,} tensors, and the longest side of one is {largest:,}"
    return ""


def implausible_adapter(config: Mapping[str, Any], shapes: Shapes) -> str:
    """What an adapter's configuration asks for and its tensors cannot be, in words; empty where all may be right."""
    largest = _largest(shapes)
    pattern = config.get("rank_pattern")
    ranks = [(name, config.get(name)) for name in _RANKS]
    ranks += [(f"rank_pattern.{name}", value) for name, value in pattern.items()] if isinstance(pattern, dict) else []
    for name, value in ranks:
        if isinstance(value, int) and value > max(_RANK, largest):
            return f"`{name}` is {value:,}, but no tensor is longer than {largest:,}"
    return ""


def _largest(shapes: Shapes) -> int:
    return max((size for shape in shapes.values() for size in shape), default=0)


def _numbers(config: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Every whole number of a configuration by its own name, those of its parts (`text_config`) included."""
    for name, value in config.items():
        if isinstance(value, dict):
            yield from _numbers(value)
        elif isinstance(value, int):
            yield name, value
