"""PEFT adapters: found, inspected and attached, or refused with the reason. There is no fallback to the base."""

import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import nn

from tli_bench.base.errors import AdapterError
from tli_bench.models.adapter_files import CONFIG, WEIGHTS, AdapterFiles, read_adapter
from tli_bench.models.catalog import ALIASES
from tli_bench.models.conform import conformed
from tli_bench.models.fingerprint import is_fingerprint
from tli_bench.models.identity import AdapterRef
from tli_bench.models.load import LoadedModel, check_vocabulary
from tli_bench.models.plausible import implausible_adapter
from tli_bench.models.shapes import first_misfit
from tli_bench.models.tuned import facts_of
from tli_bench.models.types import Model, Wrapped
from tli_bench.models.unquantised import without_bitsandbytes
from tli_bench.models.vocabulary import fitted, trained, without_added


def inspect_adapter(name: str) -> AdapterFiles:
    """Read an adapter as `read_adapter` does and check its tensors, without torch models.

    Raises AdapterError as that does, and for an unreadable file of tensors, NaN and infinite values.
    """
    files = read_adapter(name)
    require_finite(files)
    return files


def require_finite(files: AdapterFiles) -> None:
    """Raise AdapterError unless the adapter's tensors can be read and are finite."""
    path = files.path / WEIGHTS
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
        require_own_base(files, id=loaded.id, revision=loaded.revision, path=loaded.path)
    with own_tensors(loaded, files) as folder:
        check_vocabulary(loaded.model, loaded.tokenizer, f"{files.path} on {loaded.id}")
        before = _probe(loaded.model)
        own = trained(tensor_shapes(files.path / WEIGHTS), loaded.model, files.config)
        with without_bitsandbytes(loaded.model):
            model = _load_peft(loaded, files, folder, tensor_shapes(folder / WEIGHTS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PEFT warns that biases stay changed; here, that is what is checked for.
        with adapter_disabled(model):
            after = _probe(model)
    if not torch.allclose(before, after, rtol=0.0, atol=0.0, equal_nan=True):
        raise AdapterError(
            f"{files.path} changes the base itself (trained biases, or an initialisation such as PiSSA), so before and "
            "after cannot be told apart; save it as a plain LoRA (PEFT: path_initial_model_for_weight_conversion)"
        )
    return model, reference_of(files, own)


def read_weights(loaded: LoadedModel, files: AdapterFiles, *, any_base: bool = False) -> dict[str, torch.Tensor]:
    """The tensors of an adapter as the loaded class names them, ready for the slots of another one (`variants.worn`).

    The base must not be wrapped yet. Raises AdapterError for an adapter of another base.
    """
    if not any_base:
        require_own_base(files, id=loaded.id, revision=loaded.revision, path=loaded.path)
    with own_tensors(loaded, files) as folder:
        return dict(load_file(folder / WEIGHTS))


@contextmanager
def own_tensors(loaded: LoadedModel, files: AdapterFiles) -> Iterator[Path]:
    """A folder with the adapter's own tensors as the loaded class names them; the base has as many tokens as they are for."""
    with (
        conformed(files.path, files.config, WEIGHTS, loaded.model) as folder,
        fitted(loaded.model, folder, files.config, WEIGHTS, name=loaded.id) as own,
    ):
        yield own


def detach_adapter(model: Model, loaded: LoadedModel) -> None:
    """Take an adapter's modules, and the tokens that it added, out of the loaded base again, in place."""
    unload = getattr(getattr(model, "base_model", None), "unload", None)
    if unload is not None:
        # PEFT would leave what was trained whole in the place of what it was trained from.
        for path, part in [*loaded.model.named_modules()]:
            if isinstance(original := getattr(part, "original_module", None), nn.Module):
                loaded.model.set_submodule(path, original)
        unload()
    without_added(loaded.model, loaded.vocabulary)


def reference_of(files: AdapterFiles, shapes: Mapping[str, tuple[int, ...]]) -> AdapterRef:
    """What signatures state of an adapter. shapes: of the tensors that were trained."""
    card, rank = files.card or {}, files.config.get("r")
    facts = {
        "name": files.name,
        "sha256": files.sha256,
        "rank": rank if isinstance(rank, int) else None,
        "trainable_parameters": sum(map(math.prod, shapes.values())),
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


def tensor_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of the tensors in a safetensors file, by name."""
    with safe_open(path, framework="pt") as tensors:
        return {key: tuple(tensors.get_slice(key).get_shape()) for key in tensors.keys()}  # noqa: SIM118


def require_own_base(files: AdapterFiles, *, id: str, revision: str, path: str) -> None:
    """Raise AdapterError for an adapter recorded for another base, or another revision of it; id, revision, path: as of `LoadedModel`."""
    base = (files.card or {}).get("base", {})
    recorded = base.get("revision")
    if recorded == revision and is_fingerprint(revision):
        return  # the same weights in another place
    if recorded and base.get("id") == id and recorded != revision:
        raise AdapterError(
            f"{files.path} was trained on {base['id']} at revision {recorded}, but the loaded base is {revision}; "
            "load that revision, or pass --any-base to score it anyway"
        )
    named = str(base.get("id") or files.config.get("base_model_name_or_path") or "")
    ours = {id, path, str(Path(path).resolve())}
    ours |= {alias.name for alias in ALIASES.values() if alias.target in ours}
    if named and named not in ours and str(Path(named).resolve()) not in ours:
        raise AdapterError(
            f"{files.path} belongs to another base: it was trained on {named!r}, the loaded model is {id!r}; "
            "pass --any-base if they are the same weights"
        )


def _load_peft(loaded: LoadedModel, files: AdapterFiles, folder: Path, given: dict[str, tuple[int, ...]]) -> Wrapped:
    from peft import PeftModel
    from peft.tuners.tuners_utils import BaseTuner
    from peft.utils.save_and_load import get_peft_model_state_dict

    kind = files.config["peft_type"]
    if wrong := implausible_adapter(files.config, given):
        raise AdapterError(f"{files.path}: configuration and weights do not belong together: {wrong}; restore {CONFIG}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PEFT warns about missing keys; the comparison below refuses them.
            model = PeftModel.from_pretrained(loaded.model, str(folder), is_trainable=False)
            if not isinstance(model.base_model, BaseTuner):
                raise AdapterError(
                    f"{files.path} is a {kind} adapter, which adds tokens, not weights; LoRA and related kinds can be scored"
                )
            # PEFT asks the Hub whether to write embeddings unless it is told.
            state = get_peft_model_state_dict(model, save_embedding_layers=False)
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
