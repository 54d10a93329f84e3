"""The first blocks of a model alone: embeddings and blocks 0 to k-1, with nothing behind them.

Hidden state k is then the last one that there is, and equal to that of the whole model, since what would follow (later
blocks, the final norm, a head) is not there.
"""

import copy
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from tli_bench.base.errors import InputError, ModelError
from tli_bench.models.body import blocks_of, body_of
from tli_bench.models.families import Config, family_of, text_part
from tli_bench.models.skeleton import skeleton
from tli_bench.models.types import Model

_PER_BLOCK = ("layer_types", "no_rope_layers", "mlp_layer_types")
"""Lists in configurations that have an entry for each block."""


def shortened(config: Config, blocks: int) -> Config:
    """The configuration of the same model with `blocks` blocks.

    Raises InputError for more blocks than there are, ModelError for a model whose text part is one of several.
    """
    if text_part(config) is not config:
        raise ModelError(
            f"a {config.model_type} is a package of several parts, of which the first blocks alone cannot be taken; load all of it"
        )
    row, short = family_of(config), copy.deepcopy(config)
    depth = getattr(config, row.depth)
    if not 1 <= blocks <= depth:
        raise InputError(f"the model has {depth} blocks, so its first {blocks} cannot be taken; give 1 to {depth}")
    setattr(short, row.depth, blocks)
    for name in _PER_BLOCK:
        entries = vars(config).get(name)
        if isinstance(entries, list) and len(entries) == depth:
            setattr(short, name, entries[:blocks])
    return short


def first_skeleton(config: Config, blocks: int, *, dtype: torch.dtype = torch.float32) -> Model:
    """The first blocks of a model on the meta device."""
    return cut(skeleton(shortened(config, blocks), dtype=dtype))


def cut(model: Model, behind: Iterable[str] | None = None) -> Model:
    """The model with nothing behind its blocks; changed in place.

    behind: what runs after the blocks, as `behind_blocks` names it, where the model is not on the meta device.
    """
    body: Any = body_of(model)
    for name in behind_blocks(model) if behind is None else behind:
        owner, _, last = name.rpartition(".")
        setattr(body.get_submodule(owner), last, nn.Identity())
    whole: Any = model
    for name, part in list(whole.named_children()):
        if body is not whole and not any(inner is body for inner in part.modules()):
            setattr(whole, name, nn.Identity())
    whole.get_output_embeddings = _nothing
    whole.config.tie_word_embeddings = False
    return model


def _nothing() -> None:
    """No head."""


def is_cut(model: Model) -> bool:
    """Whether only the first blocks are there."""
    return getattr(model, "get_output_embeddings", None) is _nothing


@torch.no_grad()
def behind_blocks(model: Model) -> tuple[str, ...]:
    """Paths in the text body of the modules that run after the last block, of a model on the meta device."""
    body, blocks = body_of(model), blocks_of(model)
    inside = {id(part) for part in blocks.modules()}
    ran: list[str] = []
    last: list[int] = []
    handles: list[Any] = []
    for name, part in body.named_modules():
        if id(part) not in inside and next(part.children(), None) is None:
            handles.append(part.register_forward_hook(lambda *_, name=name: ran.append(name)))
    handles.append(blocks[-1].register_forward_hook(lambda *_: last.append(len(ran))))
    try:
        _run_on_nothing(body, model.dtype)
    except (RuntimeError, NotImplementedError, TypeError, ValueError, AttributeError, IndexError) as err:
        raise ModelError(f"{type(body).__name__} does not run without weights: {err}; load all of it") from err
    finally:
        for handle in handles:
            handle.remove()
    before = set(ran[: last[-1]]) if last else set(ran)
    return tuple(name for name in dict.fromkeys(ran) if name not in before)


def _run_on_nothing(body: nn.Module, dtype: torch.dtype) -> None:
    """One forward on the meta device, with a mask that most architectures take as it is, else without."""
    ids = torch.zeros(1, 2, dtype=torch.long, device="meta")
    try:
        body(input_ids=ids, attention_mask=torch.zeros(1, 1, 2, 2, dtype=dtype, device="meta"))
    except (RuntimeError, TypeError, ValueError, IndexError):
        body(input_ids=ids)
