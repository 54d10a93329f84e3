"""Which part of a model is trained: LoRA on the blocks that matter, or the weights themselves; undone afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import torch
from torch import nn

from tli_bench.base.errors import InputError, UnknownNameError
from tli_bench.models import LoadedModel
from tli_bench.models.body import blocks_of, body_of, family
from tli_bench.models.types import Model, Wrapped
from tli_bench.models.unquantised import without_bitsandbytes
from tli_bench.training.recipe import ALL_LINEAR, Recipe
from tli_bench.training.sharded import is_sharded


@dataclass(frozen=True, slots=True)
class Adapted:
    """A model with its trainable part switched on.

    model: a PeftModel for LoRA, the model itself for full fine-tuning. blocks: the ones that carry trainable weights.
    reached: those of them that receive gradient. parameters: how many numbers receive gradient.
    """

    model: Model
    modules: tuple[str, ...]
    blocks: tuple[int, ...]
    reached: tuple[int, ...]
    parameters: int


def require_bare(loaded: LoadedModel) -> None:
    """Raise InputError for a model that carries an adapter."""
    if any(hasattr(module, "lora_A") for module in loaded.model.modules()):
        raise InputError("the model already carries an adapter; train from the plain base")


@contextmanager
def adapted(loaded: LoadedModel, recipe: Recipe, *, depth: int, seed: int) -> Iterator[Adapted]:
    """Within the context the model carries what `recipe` trains; afterwards the base is as it was.

    depth: number of blocks below the deepest loss. seed: of the adapter's initial weights.
    """
    require_bare(loaded)
    with (_lora if recipe.kind == "lora" else _full)(loaded, recipe, depth, seed) as result:
        yield result


@contextmanager
def _lora(loaded: LoadedModel, recipe: Recipe, depth: int, seed: int) -> Iterator[Adapted]:
    flags = {name: p.requires_grad for name, p in loaded.model.named_parameters()}
    part = with_lora(loaded, recipe, depth=depth, seed=seed)
    try:
        yield part
    finally:
        cast(Wrapped, part.model).unload()
        if hasattr(loaded.model, "peft_config"):
            del loaded.model.peft_config
        for name, parameter in loaded.model.named_parameters():
            parameter.requires_grad_(flags[name])


def with_lora(loaded: LoadedModel, recipe: Recipe, *, depth: int, seed: int) -> Adapted:
    """The model with a new LoRA on it; its layers are put into the model itself. depth, seed: as `adapted` takes them."""
    with without_bitsandbytes(loaded.model):
        from peft import LoraConfig, get_peft_model

    total = loaded.first.depth if loaded.first else len(blocks_of(loaded.model))
    placed = tuple(range(total if recipe.blocks == "all" else depth))
    modules = resolve_modules(loaded.model, recipe.modules)
    targets = target_paths(loaded.model, modules, placed)
    torch.manual_seed(seed)
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha if recipe.alpha % 1 else int(recipe.alpha),
        lora_dropout=recipe.dropout,
        target_modules=list(targets),
        layers_to_transform=None if len(placed) == total or targets != modules else list(placed),
        use_dora=recipe.dora,
        use_rslora=recipe.rslora,
        bias="none",
        task_type="CAUSAL_LM" if family(loaded.model).head == "causal" else "FEATURE_EXTRACTION",
    )
    with without_bitsandbytes(loaded.model):
        model = get_peft_model(loaded.model, config)
    # PEFT records the folder a model was read from; an adapter must not carry one machine's paths.
    model.peft_config["default"].base_model_name_or_path = loaded.id
    freeze_unreached(model, depth)
    return Adapted(model, modules, placed, tuple(b for b in placed if b < depth), _trainable(model))


def freeze_unreached(model: Model, depth: int) -> None:
    """Mark what lies above the loss as not trained: it would get no gradient, and DDP waits for every gradient."""
    for block in list(blocks_of(model))[depth:]:
        block.requires_grad_(False)


@contextmanager
def _full(loaded: LoadedModel, recipe: Recipe, depth: int, _seed: int) -> Iterator[Adapted]:
    if loaded.quantization is not None:
        raise InputError(
            f"full fine-tuning changes the weights, and those of this base are stored as {loaded.quantization}; "
            "load it with --quantize none (instead of a GGUF file, what it was made from), or train LoRA (kind: lora)"
        )
    model, before = loaded.model, {}
    flags = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
    train_weights(model, depth)
    for name, parameter in () if is_sharded() else model.named_parameters():
        if parameter.requires_grad:
            before[name] = parameter.detach().to("cpu", copy=True)
    reached = tuple(range(depth))
    try:
        yield Adapted(model, (), reached, reached, _trainable(model))
    finally:
        with torch.no_grad():
            # What was shared out stays so: the base was loaded for this training alone.
            for name, parameter in () if is_sharded() else model.named_parameters():
                if name in before:
                    parameter.copy_(before[name])
                parameter.requires_grad_(flags[name])


def train_weights(model: Model, depth: int) -> None:
    """Mark as trained what full fine-tuning trains: the text body as far as a loss above `depth` blocks reaches."""
    model.requires_grad_(False)
    body_of(model).requires_grad_(True)
    freeze_unreached(model, depth)
    if depth < len(blocks_of(model)):
        _freeze_outside_blocks(model)


def _freeze_outside_blocks(model: Model) -> None:
    """With the loss below the output, the final norm is out of reach; embeddings and blocks are trained."""
    inside = {id(p) for p in blocks_of(model).parameters()} | {id(p) for p in model.get_input_embeddings().parameters()}
    for parameter in body_of(model).parameters():
        if id(parameter) not in inside:
            parameter.requires_grad_(False)


def resolve_modules(model: Model, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the linear modules LoRA goes to; raises UnknownNameError for one that no block has."""
    known = linear_modules(model)
    if wanted == (ALL_LINEAR,):
        return known
    for name in wanted:
        if name not in known:
            raise UnknownNameError(
                "module", name, (*known, ALL_LINEAR), hint=f"the blocks of this model have {', '.join(known)}"
            )
    return wanted


def target_paths(model: Model, modules: tuple[str, ...], placed: tuple[int, ...]) -> tuple[str, ...]:
    """What PEFT is told to wrap: `modules`, or their whole paths in the blocks `placed` where other parts have them too.

    PEFT takes every module that has the name, and the vision tower of a multimodal model may have a `q_proj` of its own.
    """
    inside = {id(part) for part in body_of(model).modules()}
    paths = {part: name for name, part in model.named_modules()}
    ends = tuple(f".{name}" for name in modules)
    if not any(id(part) not in inside and name.endswith(ends) for part, name in paths.items()):
        return modules
    blocks = blocks_of(model)
    found = (paths[part] for index in placed for part in blocks[index].modules())
    return tuple(name for name in found if name.endswith(ends))


def linear_modules(model: Model) -> tuple[str, ...]:
    """Last names of the linear modules inside the blocks, quantised ones and GPT-2's `Conv1D` included."""
    from transformers.pytorch_utils import Conv1D

    names = {
        name.rsplit(".", 1)[-1]
        for name, module in blocks_of(model)[0].named_modules()
        if isinstance(module, nn.Linear | Conv1D)
    }
    return tuple(sorted(names))


def _trainable(model: Model) -> int:
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
