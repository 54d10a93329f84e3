"""Short names of models, and what `--model NAME` means: an alias, a folder, a checkpoint from a package, a GGUF file, or a Hub id."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tli_bench.base.errors import ModelError, UnknownNameError, reason_of
from tli_bench.base.jsons import read_json
from tli_bench.base.paths import expanded
from tli_bench.models.gguf import GgufFile, gguf_of
from tli_bench.models.hub_names import hub_name
from tli_bench.models.packaged import Package, fetched, models_root, package_of
from tli_bench.models.plausible import header_shapes, implausible_model

HUB_ID = re.compile(r"[\w][\w.-]*/[\w][\w.-]*")
TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
TINY_DIR = Path(__file__).resolve().parent / "tiny"


@dataclass(frozen=True, slots=True)
class Alias:
    """A short name: what it loads, and with which quantisation unless told otherwise."""

    name: str
    target: str
    quantize: str | None
    note: str


ALIASES: dict[str, Alias] = {
    alias.name: alias
    for alias in (
        Alias("tiny", str(TINY_DIR), None, "embedded demonstration model (runs offline, on a CPU)"),
        Alias("lugha", "Lugha-Llama/Lugha-Llama-8B-wura", "nf4", "Lugha-Llama-8B-wura, loaded in 4-bit NF4"),
        Alias(
            "qwen2-72b",
            "Qwen/Qwen2-72B",
            None,
            "Qwen2-72B, for machines that hold it (`tli-bench plan qwen2-72b` says which)",
        ),
    )
}


DEMONSTRATION = frozenset({"tiny"})
"""Models that show how the benchmark works and say nothing of real ones: boards rank them apart, with what was trained from them."""
PLANTED_SINK = {"tiny": "planted, see its card"}
"""Models whose attention sink at position 0 somebody put there, by the name in signatures: a report that shows what it does says so."""


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where a model comes from. id: the name that goes into signatures; path: local folder, None for the Hub.

    package: of a folder that says which package it was made from; its name is the id, wherever the folder lies.
    gguf: the file in `target` that holds everything, None where a folder does.
    """

    id: str
    target: str
    path: Path | None
    quantize: str | None
    package: Package | None = None
    gguf: str | None = None


def resolve_model(name: str) -> ModelSource:
    """Decide what `--model NAME` means; loads and downloads nothing.

    Raises UnknownNameError for a bare word that is not an alias, ModelError for a folder that does not hold a model.
    """
    name = name if name in ALIASES or os.path.exists(expanded(name)) else hub_name(name)
    if name in ALIASES:
        alias = ALIASES[name]
        path = Path(alias.target) if Path(alias.target).is_absolute() else None
        if path is not None:
            check_model_folder(path)
        return ModelSource(name if path else alias.target, alias.target, path, alias.quantize)
    if file := gguf_of(name):
        return _gguf(name, file)
    path = expanded(name)
    if not os.path.exists(path) and (real := _packaged(name)):
        path = real
    if os.path.exists(path):
        check_model_folder(path)
        package = package_of(path)
        return ModelSource(package.name if package else str(path), str(path), path.resolve(), None, package)
    if HUB_ID.fullmatch(name):
        return ModelSource(name, name, None, None)
    if "/" in name or name.startswith((".", "~")):
        raise ModelError(f"no model folder at {name!r}; give an existing folder, a Hub id ORG/NAME, or an alias")
    raise UnknownNameError(
        "model",
        name,
        [*ALIASES, *(folder.name for folder in fetched())],
        hint=f"give an alias, a folder, or a Hub id ORG/NAME; `make real-models` fetches some into {models_root()}",
    )


def _gguf(name: str, file: GgufFile) -> ModelSource:
    if file.hub:
        return ModelSource(name, file.home, None, None, gguf=file.file)
    path = Path(file.home) / file.file
    if not path.is_file():
        raise ModelError(f"there is no file {name}; give a GGUF file, or ORG/NAME:FILE.gguf for one on the Hub")
    return ModelSource(file.file, file.home, path.resolve(), None, gguf=file.file)


def _packaged(name: str) -> Path | None:
    """The folder of a fetched checkpoint of this name; None where there is none."""
    return next((folder for folder in fetched() if folder.name == name), None)


def check_model_folder(path: Path) -> None:
    """Raise ModelError unless the folder holds a configuration, safetensors weights and a tokenizer."""
    if not path.exists():
        raise ModelError(
            f"{path} is missing from this installation; reinstall tli-bench, or give another one with --model"
        )
    if not path.is_dir():
        raise ModelError(f"{path} is a file; give the folder that holds config.json")
    if not (path / "config.json").is_file():
        hint = "it is an adapter: use --adapter" if (path / "adapter_config.json").is_file() else "no config.json in it"
        raise ModelError(f"{path} is not a model folder ({hint})")
    if not any(path.glob("*.safetensors")):
        pickles = [p.name for pattern in ("*.bin", "*.pt", "*.pth", "*.pkl") for p in sorted(path.glob(pattern))]
        if pickles:
            raise ModelError(
                f"{path} holds pickled weights ({pickles[0]}), which can run code when opened; convert them to "
                "safetensors (model.save_pretrained writes that format) and try again"
            )
        raise ModelError(f"{path} holds no *.safetensors weights")
    if not any((path / name).is_file() for name in TOKENIZER_FILES):
        raise ModelError(
            f"{path} holds no tokenizer (looked for {', '.join(TOKENIZER_FILES)}); save it next to the model"
        )
    _require_plausible(path)


def _require_plausible(folder: Path) -> None:
    """Raise ModelError where configuration or weights cannot be read, or where the one asks for what the other cannot hold."""
    try:
        config = read_json(folder / "config.json")
        shapes = {name: shape for file in folder.glob("*.safetensors") for name, shape in header_shapes(file).items()}
    except (OSError, ValueError) as err:
        raise ModelError(
            f"cannot load the model in {folder}: a file cannot be read: {reason_of(err)}; fetch or save it again"
        ) from err
    if not isinstance(config, dict):
        raise ModelError(
            f"cannot load the model in {folder}: config.json holds a {type(config).__name__}, not an object; restore it"
        )
    if wrong := implausible_model(config, shapes):
        raise ModelError(f"configuration and weights of {folder} do not belong together: {wrong}; restore config.json")
