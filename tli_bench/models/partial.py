"""Load the first blocks of a checkpoint: only the files that hold them are fetched and opened, and only their tensors read."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, cast

import torch

from tli_bench.base.errors import ModelError
from tli_bench.base.jsons import read_json
from tli_bench.models.body import body_of, depth_of, find_blocks
from tli_bench.models.catalog import ModelSource
from tli_bench.models.families import Config
from tli_bench.models.first import behind_blocks, cut, shortened
from tli_bench.models.skeleton import skeleton
from tli_bench.models.types import Model

INDEX, SINGLE = "model.safetensors.index.json", "model.safetensors"
# What PEFT and the trainer look for on the outermost module of a quantised model.
_OF_QUANTISED = (
    "is_loaded_in_4bit",
    "is_loaded_in_8bit",
    "is_quantized",
    "quantization_method",
    "hf_quantizer",
    "hf_device_map",
)


class First(NamedTuple):
    """What a model was cut from. blocks: how many are there; depth, parameters: of the whole."""

    blocks: int
    depth: int
    parameters: int


class _Parts(NamedTuple):
    """Names in a checkpoint. blocks: path of their list in the text body; prefix: of the body; behind, head: what is not read."""

    blocks: str
    prefix: str
    behind: tuple[str, ...]
    head: frozenset[str]

    def needed(self, name: str, blocks: int) -> bool:
        """Whether the tensor of that name is part of the embeddings or of the first blocks."""
        inner = name.removeprefix(self.prefix)
        block = re.match(rf"{re.escape(self.blocks)}\.(\d+)\.", inner)
        if block:
            return int(block[1]) < blocks
        return name not in self.head and not any(inner.startswith(f"{part}.") for part in self.behind)


def load_first(
    source: ModelSource,
    config: Config,
    blocks: int,
    load: Callable[..., tuple[Any, dict[str, Any]]],
    *,
    revision: str | None,
) -> tuple[Model, First]:
    """The first blocks, as `first.cut` leaves a model. load: `from_pretrained` of a class, a folder and a configuration.

    Raises ModelError for an architecture that cannot be cut or files that lack what is needed, InputError for too many blocks.
    """
    whole = skeleton(config)
    first = First(blocks, depth_of(whole), whole.num_parameters())
    short = shortened(config, blocks)
    # In bfloat16, since some kernels for experts have no other on the meta device.
    shell = skeleton(short, dtype=torch.bfloat16)
    parts = _parts(shell)
    from transformers import AutoModel

    with _view(source, short, parts, blocks, revision=revision) as folder, _unreported():
        body, info = load(AutoModel, folder, short)
    lacking = sorted(
        name for name in info["missing_keys"] if "pooler" not in name and parts.needed(f"{parts.prefix}{name}", blocks)
    )
    if lacking:
        raise ModelError(
            f"the weights of {source.target} lack {len(lacking)} tensors of their first {blocks} blocks ({lacking[0]}); configuration "
            "and weights do not belong together"
        )
    return cut(_in_shell(shell, body), parts.behind), first


@contextmanager
def _unreported() -> Iterator[None]:
    """Without the report that most tensors of the files were not read, which is the point."""
    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)


def _parts(shell: Model) -> _Parts:
    body, blocks = body_of(shell), find_blocks(shell)
    path = next((name for name, part in body.named_modules() if part is blocks), "")
    prefix = next((f"{name}." for name, part in shell.named_modules() if part is body and name), "")
    head = frozenset(name for name in shell.state_dict() if prefix and not name.startswith(prefix))
    return _Parts(path, prefix, behind_blocks(shell), head)


def _in_shell(shell: Any, body: Any) -> Model:
    """The loaded body where the class with a head has its own, so that adapters find the names that the whole model has."""
    if shell.base_model is shell:
        return cast(Model, body)
    setattr(shell, shell.base_model_prefix, body)
    shell.config = body.config
    for name in _OF_QUANTISED:
        if hasattr(body, name):
            setattr(shell, name, getattr(body, name))
    return cast(Model, shell)


@contextmanager
def _view(source: ModelSource, config: Any, parts: _Parts, blocks: int, *, revision: str | None) -> Iterator[str]:
    """A folder that looks like the checkpoint with nothing but the files that hold what is needed."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        config.save_pretrained(folder)
        index = _file(source, INDEX, revision)
        if index is None:
            single = _file(source, SINGLE, revision)
            if single is None:
                raise ModelError(
                    f"{source.target} has neither {INDEX} nor {SINGLE}, so its first blocks cannot be taken"
                )
            (folder / SINGLE).symlink_to(single)
        else:
            wanted = _wanted(index, parts, blocks)
            for shard in sorted(set(wanted.values())):
                there = _file(source, shard, revision)
                if there is None:
                    raise ModelError(f"{source.target} lacks {shard}, which its {INDEX} names")
                (folder / shard).symlink_to(there)
            (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": wanted}), encoding="utf-8")
        yield name


def _wanted(index: Path, parts: _Parts, blocks: int) -> dict[str, str]:
    """The tensors that are needed, each with its file; raises ModelError for an index that is damaged or leads elsewhere."""
    try:
        named = read_json(index)["weight_map"].items()
        found = {str(name): str(file) for name, file in named}
    except (OSError, ValueError, LookupError, AttributeError, TypeError) as err:
        raise ModelError(
            f"{index} is not an index of tensors ({type(err).__name__}: {err}); fetch the model again"
        ) from err
    odd = next((file for file in found.values() if Path(file).name != file or not file.endswith(".safetensors")), None)
    if odd is not None:
        raise ModelError(
            f"{index} names the file {odd!r}, which is not a safetensors file next to it; fetch the model again"
        )
    return {name: file for name, file in found.items() if parts.needed(name, blocks)}


def _file(source: ModelSource, name: str, revision: str | None) -> Path | None:
    """A file of the checkpoint, fetched from the Hub where it is not here; None where there is none."""
    if source.path is not None:
        path = source.path / name
        return path.resolve() if path.is_file() else None
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(source.target, name, revision=revision)).resolve()
    except LocalEntryNotFoundError:
        if name == INDEX:
            return None
        raise
    except EntryNotFoundError:
        return None
