"""What training writes: folders that appear completely or not at all, holding an adapter or a whole model."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from safetensors import SafetensorError

from tli_bench.base.errors import OutputError, reason_of
from tli_bench.base.files import temporary_prefix, temporary_stem
from tli_bench.models.types import Model, Wrapped

if TYPE_CHECKING:
    from torch import Tensor

    from tli_bench.models import LoadedModel


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Yield a temporary folder next to `target`; if the block ends without error, it replaces `target`.

    Raises OutputError if it cannot be written; what was at `target` is then unchanged.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=temporary_prefix(target.name), dir=target.parent))
    except OSError as err:
        raise OutputError(f"cannot write next to {target}: {reason_of(err)}; choose another --output") from err
    try:
        yield work
        flush(work)
        _swap(work, target)
    except (OSError, SafetensorError) as err:
        raise OutputError(
            f"cannot write {target}: {reason_of(err)}; what was there is unchanged. Free some space and run the same command"
        ) from err
    finally:
        shutil.rmtree(work, ignore_errors=True)


def flush(folder: Path) -> None:
    """Force every file below `folder`, and the folders themselves, to disk."""
    for path in [*folder.rglob("*"), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _swap(work: Path, target: Path) -> None:
    # Temporary folders and safetensors files are created so that nobody else can read them.
    for path in [work, *work.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    if not target.exists():
        work.rename(target)
        return
    aside = _aside(target)
    target.rename(aside)
    try:
        work.rename(target)
    finally:
        put_back(target)


def put_back(target: Path) -> None:
    """Where replacing a folder was cut short, put the old one back; where it was not, remove the old one. For the holder of its lock."""
    aside = _aside(target)
    if aside.is_dir() and not target.exists():
        aside.rename(target)
    shutil.rmtree(aside, ignore_errors=True)


def _aside(target: Path) -> Path:
    stem = temporary_stem(target.name)
    return target.with_name(f"{stem}.old")


def save_adapter(model: Model, folder: Path) -> None:
    """Write a PeftModel's adapter; the same training gives the same files."""
    # "auto" would look up the base on the Hub to see whether its vocabulary was resized; ours never is.
    from tli_bench.models.body import family

    wrapped = cast(Wrapped, model)
    wrapped.save_pretrained(str(folder), safe_serialization=True, save_embedding_layers=False)
    # PEFT writes a set, in arbitrary order.
    _edit(folder / "adapter_config.json", target_modules=sorted(wrapped.peft_config["default"].target_modules))
    if family(model).head == "masked":
        _without_head(folder / "adapter_model.safetensors", wrapped.get_base_model())


def _without_head(path: Path, model: Model) -> None:
    """Name an encoder's tensors as on the class without a head, which is where adapters of encoders are put to use."""
    from safetensors.torch import load_file, save_file

    head = "base_model.model."
    body = next(name for name, part in model.named_modules() if part is model.base_model)
    tensors = {key.replace(f"{head}{body}.", head, 1): value for key, value in load_file(path).items()}
    save_file(tensors, path, metadata={"format": "pt"})


def saved_dtype(loaded: "LoadedModel") -> str:
    """Dtype of a fully fine-tuned model's file: that of the base's files, whatever dtype the weights were loaded in."""
    return loaded.stored or loaded.dtype


def round_trained(loaded: "LoadedModel") -> None:
    """Round the trained weights to the values that their file will hold, so that all figures describe what is saved."""
    import torch

    from tli_bench.models.load import DTYPES

    dtype = DTYPES[saved_dtype(loaded)]
    with torch.no_grad():
        for parameter in loaded.model.parameters():
            if parameter.requires_grad:
                parameter.copy_(parameter.to(dtype))


def save_model(loaded: "LoadedModel", folder: Path, whole: "dict[str, Tensor] | None" = None) -> None:
    """Write a whole model and its tokenizer, the weights in `saved_dtype`. whole: the weights, where the model holds a share of them."""
    from tli_bench.models.load import DTYPES

    name = saved_dtype(loaded)
    cast: dict[tuple[int, Any], Tensor] = {}
    state: dict[str, Tensor] = {}
    for key, tensor in (whole or loaded.model.state_dict()).items():
        # Tied weights are one tensor under two names and must stay one, or the file holds them twice.
        place = (tensor.data_ptr(), tensor.shape)
        if place not in cast:
            cast[place] = tensor.to("cpu", DTYPES[name]) if tensor.is_floating_point() else tensor
        state[key] = cast[place]
    loaded.model.save_pretrained(str(folder), state_dict=state, safe_serialization=True)
    _edit(folder / "config.json", dtype=name)
    loaded.tokenizer.save_pretrained(str(folder))
    # How the tokenizer was found says nothing about the model, and would make two identical trainings differ.
    _edit(folder / "tokenizer_config.json", drop=("is_local", "local_files_only", "name_or_path"))


def _edit(path: Path, *, drop: tuple[str, ...] = (), **changes: Any) -> None:
    data = {key: value for key, value in json.loads(path.read_text(encoding="utf-8")).items() if key not in drop}
    text = json.dumps(data | changes, indent=2, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
