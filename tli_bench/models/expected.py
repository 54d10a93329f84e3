"""What a model would be called in signatures, from its files alone: no weights are loaded, and torch is not imported."""

import os
import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tli_bench.base.errors import InputError
from tli_bench.config.run import RunConfig
from tli_bench.lexicon.declared import declared_words
from tli_bench.lexicon.trained import NOTHING, Trained, trained_by
from tli_bench.models.adapter_files import AdapterFiles, read_adapter
from tli_bench.models.catalog import ModelSource, resolve_model
from tli_bench.models.fingerprint import hub_commit, model_fingerprint
from tli_bench.models.hub import is_offline
from tli_bench.models.identity import AdapterRef, MeasuredModel
from tli_bench.models.layers import first_blocks
from tli_bench.models.tuned import read_model_card, training_of
from tli_bench.models.twins import NO_TWIN, find_twin

_COMMIT = re.compile("[0-9a-f]{40}")
_DEVICE = re.compile(r"cpu|mps|cuda(:\d+)?")
# What a graphics card of any maker that torch.cuda speaks of shows as on Linux: NVIDIA, under WSL, AMD.
_CARDS = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")


def expected_model(config: RunConfig, *, device: str | None = None) -> MeasuredModel | None:
    """The identity that the model of a run would have once loaded; None where only loading can tell.

    device: where it will be, if torch was asked already.

    That is so for a GGUF file, for a branch on the Hub while the Hub is on, and where a device is to be chosen and there may be a
    graphics card. Tokens and parameters are left out, which do not tell units apart. Raises as loading would for what is missing.
    """
    config = config.chosen()
    source = resolve_model(config.model)
    files = read_adapter(config.adapter) if config.adapter else None
    twin, missing = twin_of(files, config.twin)
    device, found = device or expected_device(config.device), _revision(source, config.revision)
    if device is None or found is None or source.gguf:
        return None
    revision, folder = found
    card = read_model_card(folder)
    quantize = source.quantize if config.quantize is None else config.quantize
    return MeasuredModel(
        id=source.id,
        revision=revision,
        dtype=config.dtype or ("float32" if device == "cpu" else "bfloat16"),
        quantization=None if quantize == "none" else quantize,
        tokens="",
        adapter=AdapterRef(name=files.name, sha256=files.sha256) if files else None,
        training=training_of(card),
        any_base=config.any_base and files is not None,
        skip_gate=config.skip_gate,
        trained=trained_of(config, files, card),
        twin=twin.sha256 if twin else None,
        placebo=config.placebo if files else 0,
        package=source.package,
        first_blocks=first_blocks(config.layers),
        notes=tuple(note for note in (missing, note_of_whole_model(source.id, card, files)) if note),
    )


def expected_device(asked: str | None) -> str | None:
    """The device that a model would be put on: the one that was asked for, or the CPU where there is nothing else.

    None where torch must be asked. Raises InputError for what is not a device, and for a card on a machine that has none.
    """
    if asked is not None and not _DEVICE.fullmatch(asked):
        raise InputError(f"{asked!r} is not a device; use cpu, cuda, cuda:NUMBER or mps")
    if asked is not None and asked.partition(":")[0] == "cuda" and not _may_have_card():
        raise InputError(f"there is no device {asked!r} on this machine; use one of cpu")
    if asked is None:
        return None if _may_have_card() else "cpu"
    return asked if asked == "cpu" or asked == "cuda" else None


def _may_have_card() -> bool:
    built_without = version("torch").endswith("+cpu")
    return not built_without and (os.name != "posix" or any(os.path.exists(path) for path in _CARDS))


def _revision(source: ModelSource, asked: str | None) -> tuple[str, Path] | None:
    """What the signature calls the model's files, and the folder that they are in."""
    if source.path is not None:
        return model_fingerprint(source.path), source.path
    if not is_offline() and not _COMMIT.fullmatch(asked or ""):
        return None
    from tli_bench.models.fingerprint import hub_file

    commit = hub_commit(source.target, asked)
    file = hub_file(source.target, asked, file="config.json")
    return (commit, file.parent) if commit and file else None


def twin_of(files: AdapterFiles | None, named: str | None) -> tuple[AdapterFiles | None, str]:
    """As `find_twin`; raises InputError for the twin of no adapter."""
    if files is not None:
        return find_twin(files, named)
    if named not in (None, NO_TWIN):
        raise InputError(f"--twin {named} is the twin of an adapter; give the adapter with --adapter")
    return None, ""


def trained_of(config: RunConfig, files: AdapterFiles | None, card: Mapping[str, Any] | None) -> Trained:
    """What an adapter, and the model itself if tli-bench tuned it, were trained on, with what the run declares. card: of the model."""
    trained = trained_by(files.card) if files else NOTHING
    if card is not None:
        trained |= trained_by(card)
    declared = declared_words(config.trained_words) if config.trained_words else frozenset()
    return trained.declaring(declared) if declared else trained


def note_of_whole_model(name: str, card: Mapping[str, Any] | None, files: AdapterFiles | None) -> str:
    """A fully fine-tuned model's twin is a second model, which is not loaded here; a sentence that says so."""
    if files is not None or "twin" not in (card or {}):
        return ""
    return f"the twin of {name} is a model of its own and is not scored next to it: score it with --model"
