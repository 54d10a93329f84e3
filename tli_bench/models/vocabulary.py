"""Adapters whose training added tokens: the base gets as many rows of embeddings as it had then, and keeps all that it has.

PEFT writes copies of the base's own tables of tokens next to what was trained, where it finds that their size was changed. They must be
those of the loaded base, row by row; only rows that it does not have are taken from them.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from tli_bench.base.errors import AdapterError
from tli_bench.models.conform import PREFIX
from tli_bench.models.types import Model

Shape = tuple[int, ...]
# Names under which PEFT keeps a module's own weight once it has put something around it.
COPIES = (".base_layer.weight", ".original_module.weight")
_TRAINED_TWICE = ".modules_to_save.weight"
_DELTA = ".token_adapter.trainable_tokens_delta"
_LORA_ROWS = ".lora_embedding_A"


@contextmanager
def fitted(model: Model, folder: Path, config: Mapping[str, Any], weights: str, *, name: str) -> Iterator[Path]:
    """A folder with the adapter's own tensors alone; the base, not yet wrapped, has the rows that they need.

    Rows that the base lacks are those that training began with, where the adapter holds them, else the mean of all others. weights: file
    name of the tensors; name: of the base, for errors. Raises AdapterError for copies that differ from the base's own tables, and for an
    adapter trained on a smaller vocabulary.
    """
    with safe_open(folder / weights, framework="pt") as tensors:
        shapes = {key: tuple(tensors.get_slice(key).get_shape()) for key in tensors.keys()}  # noqa: SIM118
        tables = _tables(model)
        copies = copied(shapes, model, config)
        brought = {table: tensors.get_tensor(key) for key, table in copies.items()}
        _require_own(model, {key: tensors.get_tensor(key) for key in copies}, copies, folder, name)
        _resize(model, _rows(shapes, tables, config), brought, folder, name)
        kept = trained(shapes, model, config)
        if len(kept) == len(shapes):
            yield folder
            return
        own = {key: tensors.get_tensor(key) for key in kept}
    with TemporaryDirectory(prefix="tli-bench-") as place:
        save_file(own, Path(place) / weights, metadata={"format": "pt"})
        shutil.copy(folder / "adapter_config.json", place)
        yield Path(place)


def copied(shapes: Mapping[str, Sequence[int]], model: Model, config: Mapping[str, Any]) -> dict[str, str]:
    """Names of the tensors that are copies of the base's own, each with the path of the module whose weight it is."""
    tables = _tables(model)
    return {key: table for key in shapes if (table := _copied(key, tables, config)) is not None}


def trained(shapes: Mapping[str, Shape], model: Model, config: Mapping[str, Any]) -> dict[str, Shape]:
    """Those of an adapter's tensors, by name, that are its own, each once."""
    copies, head = copied(shapes, model, config), _tied_head(model)
    again = f"{PREFIX}{head}{_DELTA}" if head else None  # the input's own, once more
    return {
        key: shape
        for key, shape in shapes.items()
        if key not in copies and not key.endswith(_TRAINED_TWICE) and key != again
    }


def without_added(model: Model, rows: int | None) -> None:
    """Take the rows that `fitted` added from an unwrapped base again. rows: that it had; None leaves it as it is."""
    if rows is not None and _count(model) > rows:
        model.resize_token_embeddings(rows)


def _tables(model: Model) -> dict[str, nn.Module]:
    """The tables of tokens, of input and output, by their paths; one where they are the same module."""
    ends = [part for part in (model.get_input_embeddings(), model.get_output_embeddings()) if part is not None]
    return {path: part for path, part in model.named_modules() if any(part is end for end in ends)}


def _tied_head(model: Model) -> str | None:
    """The path of an output table that is the input's, in a module of its own."""
    table, head = model.get_input_embeddings(), model.get_output_embeddings()
    if head is None or head.weight.data_ptr() != table.weight.data_ptr() or cast(nn.Module, head) is table:
        return None
    return next(path for path, part in model.named_modules() if part is head)


def _count(model: Model) -> int:
    return int(model.get_input_embeddings().weight.shape[0])


def _copied(key: str, tables: Mapping[str, nn.Module], config: Mapping[str, Any]) -> str | None:
    """The path of the module whose own weight a tensor is a copy of; None for a tensor that was trained."""
    path = key.removeprefix(PREFIX)
    for end in COPIES:
        if path.endswith(end):
            return path.removesuffix(end).removesuffix(".token_adapter")
    table = path.removesuffix(".weight")
    saved = {str(part).rpartition(".")[2] for part in config.get("modules_to_save") or ()}
    return table if table in tables and table.rpartition(".")[2] not in saved else None


def _rows(shapes: Mapping[str, Sequence[int]], tables: Mapping[str, nn.Module], config: Mapping[str, Any]) -> int:
    """How many tokens the adapter was trained with, by its tensors on the tables; 0 where it has none."""
    found = [0]
    for key, shape in shapes.items():
        path = key.removeprefix(PREFIX)
        if not any(path.startswith(f"{table}.") for table in tables) or len(shape) != 2:
            continue
        if path.endswith(".weight"):
            found.append(shape[0])
        elif path.endswith(_LORA_ROWS):
            found.append(shape[1])
    indices = config.get("trainable_token_indices") or ()
    for some in indices.values() if isinstance(indices, dict) else [indices]:
        found += [index + 1 for index in some if isinstance(index, int)]
    return max(found)


def _require_own(
    model: Model, brought: Mapping[str, torch.Tensor], copies: Mapping[str, str], folder: Path, name: str
) -> None:
    own = model.state_dict()
    for key, copy in brought.items():
        ours = own.get(f"{copies[key]}.weight")
        same = ours is not None and ours.shape[1:] == copy.shape[1:]
        if same and ours is not None:
            both = min(len(ours), len(copy))
            same = torch.equal(copy[:both].to(ours.device, ours.dtype), ours[:both])
        if not same:
            raise AdapterError(
                f"{folder} belongs to another base: it comes with its own {key.removeprefix(PREFIX)}, which differs from that of {name}"
            )


@torch.no_grad()
def _resize(model: Model, rows: int, brought: Mapping[str, torch.Tensor], folder: Path, name: str) -> None:
    had = _count(model)
    if not rows or rows == had:
        return
    if rows < had:
        raise AdapterError(
            f"{folder} was trained with a vocabulary of {rows} tokens, cut from the {had} of {name}; merge the two and score the result "
            "with --model, or train with all tokens"
        )
    model.resize_token_embeddings(rows, mean_resizing=False)
    tables = [(path, cast(torch.Tensor, part.weight)) for path, part in _tables(model).items()]
    for _, weight in tables:
        weight[had:] = weight[:had].float().mean(dim=0).to(weight.dtype)
    for path, weight in tables:  # after all means: two paths may be one tensor
        if path in brought:
            weight[had:] = brought[path][had:].to(weight.device, weight.dtype)
