"""PEFT adapters: found, inspected and attached, or refused with the reason. There is no fallback to the base."""

import json
import math
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from tli_bench.base.errors import AdapterError
from tli_bench.models.catalog import ALIASES
from tli_bench.models.conform import PREFIX, conformed
from tli_bench.models.fingerprint import hash_files
from tli_bench.models.identity import AdapterRef
from tli_bench.models.load import LoadedModel
from tli_bench.models.shapes import first_misfit
from tli_bench.models.tuned import CARD, facts_of
from tli_bench.models.types import Model, Wrapped

# A module that LoRA wraps keeps its own weight under this name; PEFT writes it out for embeddings.
BASE_LAYER = ".base_layer.weight"
WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"


@dataclass(frozen=True, slots=True)
class AdapterFiles:
    """An adapter folder that passed inspection, not yet attached. card: our own `tli_card.json`, when it has one."""

    path: Path
    config: dict[str, Any]
    card: dict[str, Any] | None
    sha256: str


def inspect_adapter(name: str) -> AdapterFiles:
    """Read an adapter's configuration and card and check its tensors, without torch models.

    name: a folder, or a Hub id. Raises AdapterError for a missing path, a folder that is not PEFT, pickled weights,
    an unreadable file, or NaN and infinite values.
    """
    path = _locate(name)
    config = _read_json(path / CONFIG)
    if not (path / WEIGHTS).is_file():
        if any(path.glob("*.bin")):
            raise AdapterError(f"{path} holds pickled weights, which can run code; save it as {WEIGHTS} and try again")
        raise AdapterError(f"{path} has a {CONFIG} but no {WEIGHTS}")
    if not isinstance(config.get("peft_type"), str):
        raise AdapterError(f"{path / CONFIG} does not name a peft_type: this is not a PEFT adapter")
    _check_finite(path / WEIGHTS)
    card = _read_json(path / CARD) if (path / CARD).is_file() else None
    if card is not None and not isinstance(card.get("base", {}), dict):
        raise AdapterError(f"{path / CARD} is damaged: `base` must be an object; delete the card or restore it")
    return AdapterFiles(path, config, card, hash_files([path / CONFIG, path / WEIGHTS]))


def _locate(name: str) -> Path:
    path = Path(os.path.expanduser(name))
    if path.is_dir():
        if not (path / CONFIG).is_file():
            hint = "it looks like a model: use --model" if (path / "config.json").is_file() else f"it has no {CONFIG}"
            raise AdapterError(f"{path} is not a PEFT adapter ({hint})")
        return path
    if os.path.exists(path):
        raise AdapterError(f"{path} is a file; give the folder that holds {CONFIG} and {WEIGHTS}")
    if re.fullmatch(r"[\w][\w.-]*/[\w][\w.-]*", name) and not path.parent.is_dir():
        return _download(name)
    raise AdapterError(f"no adapter at {name!r}: the path does not exist, and the base is never scored in its place")


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors", "*.md"]))
    except (OSError, ValueError) as err:
        raise AdapterError(
            f"no adapter at {name!r}: there is no such folder, and it could not be read from the Hub ({type(err).__name__}). "
            f"Check the path, or run `hf download {name}` on a machine with a network"
        ) from err


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as err:
        raise AdapterError(f"{path} cannot be read: {err}") from err
    if not isinstance(data, dict):
        raise AdapterError(f"{path} holds a {type(data).__name__}, not an object")
    return data


def _check_finite(path: Path) -> None:
    try:
        with safe_open(path, framework="pt") as tensors:
            names = list(tensors.keys())
            for key in names:
                if not tensors.get_tensor(key).isfinite().all():
                    raise AdapterError(f"{path} holds NaN or infinite values in {key!r}; its training diverged")
    except (SafetensorError, OSError) as err:
        raise AdapterError(f"{path} is not a readable safetensors file: {err}") from err
    if not names:
        raise AdapterError(f"{path} holds no tensors")


def attach_adapter(loaded: LoadedModel, files: AdapterFiles, *, any_base: bool = False) -> tuple[Wrapped, AdapterRef]:
    """Wrap the base in a PeftModel with this adapter active, never merged.

    any_base: accept an adapter whose recorded base is not this model (its tensors must still fit).
    An adapter made on another class of the same model is mapped onto the loaded one (`conform`).
    Raises AdapterError when base, modules or shapes do not fit, or when the model with the adapter switched off no longer
    computes what the base computes. After an error the base may be partly wrapped: load it again.
    """
    if not any_base:
        _check_base(loaded, files)
    before = _probe(loaded.model)
    with conformed(files.path, files.config, WEIGHTS, loaded.model) as folder:
        shapes = _tensor_shapes(folder / WEIGHTS)
        _check_embeddings(loaded, files, folder, shapes)
        model = _load_peft(loaded, files, folder, shapes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PEFT warns that biases stay changed; here, that is what is checked for.
        with adapter_disabled(model):
            after = _probe(model)
    if not torch.allclose(before, after, rtol=0.0, atol=0.0, equal_nan=True):
        raise AdapterError(
            f"{files.path} changes the base itself (trained biases, or an initialisation such as PiSSA), so before and "
            "after cannot be told apart; save it as a plain LoRA (PEFT: path_initial_model_for_weight_conversion)"
        )
    return model, _reference(files, _tensor_shapes(files.path / WEIGHTS))


def read_weights(loaded: LoadedModel, files: AdapterFiles, *, any_base: bool = False) -> dict[str, torch.Tensor]:
    """The tensors of an adapter as the loaded class names them, ready for the slots of another one (`variants.worn`).

    The base must not be wrapped yet. Raises AdapterError for an adapter of another base.
    """
    if not any_base:
        _check_base(loaded, files)
    with conformed(files.path, files.config, WEIGHTS, loaded.model) as folder:
        _check_embeddings(loaded, files, folder, _tensor_shapes(folder / WEIGHTS))
        tensors = load_file(folder / WEIGHTS)
    return {name: tensor for name, tensor in tensors.items() if not name.endswith(BASE_LAYER)}


def detach_adapter(model: Model) -> None:
    """Take an adapter's modules out of the base again, in place; a model without one stays as it is."""
    unload = getattr(getattr(model, "base_model", None), "unload", None)
    if unload is not None:
        unload()


def _reference(files: AdapterFiles, shapes: dict[str, tuple[int, ...]]) -> AdapterRef:
    card, rank = files.card or {}, files.config.get("r")
    own = sum(math.prod(shape) for key, shape in shapes.items() if not key.endswith(BASE_LAYER))
    facts = {
        "name": str(card.get("name") or files.path.name),
        "sha256": files.sha256,
        "rank": rank if isinstance(rank, int) else None,
        "trainable_parameters": own,
        **facts_of(card),
    }
    try:
        return AdapterRef.model_validate(facts)
    except ValidationError as err:
        # A card may have been written by anyone: values of unexpected types are left out.
        odd = {error["loc"][0] for error in err.errors()}
        return AdapterRef.model_validate({name: value for name, value in facts.items() if name not in odd})


@torch.no_grad()
def _probe(model: Model) -> torch.Tensor:
    """What the model computes for a few tokens spread over its vocabulary, in evaluation mode."""
    rows = model.get_input_embeddings().weight.shape[0]
    device = next(model.parameters()).device
    ids = torch.linspace(0, rows - 1, 16, device=device).long()[None]
    output: torch.Tensor = model.eval()(input_ids=ids)[0]
    return output


def _tensor_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    with safe_open(path, framework="pt") as tensors:
        return {key: tuple(tensors.get_slice(key).get_shape()) for key in tensors.keys()}  # noqa: SIM118


def _check_embeddings(
    loaded: LoadedModel, files: AdapterFiles, folder: Path, shapes: dict[str, tuple[int, ...]]
) -> None:
    """An adapter on the embeddings comes with a copy of the base's own: loading it must not change them."""
    for key in shapes:
        if not key.endswith(BASE_LAYER):
            continue
        own = loaded.model.state_dict().get(key.removeprefix(PREFIX).removesuffix(BASE_LAYER) + ".weight")
        with safe_open(folder / WEIGHTS, framework="pt") as tensors:
            brought = tensors.get_tensor(key)
        if own is None or own.shape != brought.shape or not torch.equal(brought.to(own.device, own.dtype), own):
            raise AdapterError(
                f"{files.path} belongs to another base: it comes with its own {key.removeprefix('base_model.model.')}, "
                f"which differs from that of {loaded.id}"
            )


def _check_base(loaded: LoadedModel, files: AdapterFiles) -> None:
    base = (files.card or {}).get("base", {})
    recorded = base.get("revision")
    if recorded and base.get("id") == loaded.id and recorded != loaded.revision:
        raise AdapterError(
            f"{files.path} was trained on {base['id']} at revision {recorded}, but the loaded base is {loaded.revision}; "
            "load that revision, or pass --any-base to score it anyway"
        )
    named = str(base.get("id") or files.config.get("base_model_name_or_path") or "")
    ours = {loaded.id, loaded.path, str(Path(loaded.path).resolve())}
    ours |= {alias.name for alias in ALIASES.values() if alias.target in ours}
    if named and named not in ours and str(Path(named).resolve()) not in ours:
        raise AdapterError(
            f"{files.path} belongs to another base: it was trained on {named!r}, the loaded model is {loaded.id!r}; "
            "pass --any-base if they are the same weights"
        )


def _load_peft(loaded: LoadedModel, files: AdapterFiles, folder: Path, given: dict[str, tuple[int, ...]]) -> Wrapped:
    from peft import PeftModel
    from peft.tuners.tuners_utils import BaseTuner
    from peft.utils.save_and_load import get_peft_model_state_dict

    kind = files.config["peft_type"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PEFT warns about missing keys; the comparison below refuses them.
            model = PeftModel.from_pretrained(loaded.model, str(folder), is_trainable=False)
            if not isinstance(model.base_model, BaseTuner):
                raise AdapterError(
                    f"{files.path} is a {kind} adapter, which adds tokens, not weights; LoRA and related kinds can be scored"
                )
            # PEFT asks the Hub whether to write embeddings unless it is told.
            embeddings = any(key.endswith(BASE_LAYER) for key in given)
            state = get_peft_model_state_dict(model, save_embedding_layers=embeddings)
    except AdapterError:
        raise
    except Exception as err:  # PEFT may raise anything for a configuration or tensors that do not fit
        reason = " ".join((str(err).strip().splitlines() or [""])[:2])[:300]
        raise AdapterError(
            f"{files.path} ({kind}) does not fit {loaded.id}: it belongs to another base, or this PEFT cannot read it "
            f"({type(err).__name__}: {reason})"
        ) from err
    misfit = first_misfit(given, {key: tuple(value.shape) for key, value in state.items()})
    if misfit is not None:
        raise AdapterError(
            f"{files.path} does not fit {loaded.id}: {misfit.name} is {misfit.given} in the file and {misfit.expected} in the model"
        )
    return model.eval()


@contextmanager
def adapter_disabled(model: Model) -> Iterator[None]:
    """Inside the `with` block a PeftModel computes exactly what its base computes; a plain model is left alone."""
    with model.disable_adapter() if hasattr(model, "disable_adapter") else nullcontext():
        yield
