"""The part of a model that produces hidden states: its text body without any head, and the blocks in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import nn

from tli_bench.base.errors import ModelError
from tli_bench.models.families import Family, family_of, model_type, text_part
from tli_bench.models.types import Model, Wrapped


def unwrapped(model: Model) -> Model:
    """The model inside PEFT's wrapper, with the adapter's layers in place; any other model itself."""
    return cast(Wrapped, model).get_base_model() if is_wrapped(model) else model


def is_wrapped(model: Model) -> bool:
    """Whether PEFT's own wrapper is around the model, so that its adapter can be switched off."""
    return hasattr(model, "peft_config") and hasattr(model, "get_base_model")


def family(model: Model) -> Family:
    """The row that describes a loaded model; raises ModelError if it is not supported."""
    inner = unwrapped(model)
    return family_of(inner.config, (type(inner).__name__,))


def text_config(model: Model) -> Any:
    """Configuration of the text part (multimodal packages nest it)."""
    return text_part(unwrapped(model).config)


def depth_of(model: Model) -> int:
    """The number of blocks according to the configuration; raises ModelError if it does not say."""
    row, config = family(model), text_config(model)
    depth = getattr(config, row.depth, None)
    if not isinstance(depth, int):
        raise ModelError(
            f"the configuration of {type(unwrapped(model)).__name__} has no number called `{row.depth}`; add a row to the families of "
            "models that names its own (CONTRIBUTING.md)"
        )
    return depth


def body_of(model: Model) -> nn.Module:
    """The text body of a causal LM, an encoder or a multimodal package, wrapped by PEFT or not; no head is part of it.

    Raises ModelError for families that are not supported, and if no text body is found.
    """
    inner, row = unwrapped(model), family(model)
    base = inner.base_model
    if row.body:
        return base.get_submodule(row.body)
    config = text_config(model)
    if config is inner.config:
        return base
    for part in base.modules():
        own = getattr(part, "config", None)
        if part is not base and (own is config or (own is not None and model_type(own) == model_type(config))):
            return part
    raise ModelError(
        f"found no part of {type(inner).__name__} with the configuration of its text ({model_type(config)}); add a row to the "
        "families of models that names its path (CONTRIBUTING.md)"
    )


def find_blocks(model: Model) -> nn.ModuleList | None:
    """The transformer blocks of the text body, in order; None if they are not all in one list."""
    row, body = family(model), body_of(model)
    if row.blocks is None:
        return None
    if row.blocks:
        return cast(nn.ModuleList, body.get_submodule(row.blocks))
    # Two lists side by side hold parts of blocks (XLM).
    lists = list(_lists(body, depth_of(model)))
    return lists[0] if len(lists) == 1 else None


def _lists(module: nn.Module, depth: int) -> Iterator[nn.ModuleList]:
    """Lists of `depth` modules in `module`, outermost: one inside a block (experts, say) may be as long."""
    for child in module.children():
        if isinstance(child, nn.ModuleList) and len(child) == depth:
            yield child
        else:
            yield from _lists(child, depth)


def blocks_of(model: Model) -> nn.ModuleList:
    """As `find_blocks`; raises ModelError if there is no such list."""
    blocks = find_blocks(model)
    if blocks is None:
        raise ModelError(
            f"found no list of {depth_of(model)} blocks in {type(body_of(model)).__name__}: its states can be scored, but not "
            "trained or truncated"
        )
    return blocks


def max_tokens(model: Model) -> int | None:
    """How many tokens the model reads at once; None if its configuration sets no limit."""
    limit = getattr(text_config(model), "max_position_embeddings", None)
    if limit is not None and limit <= 0:  # XLNet's way of saying that there is none
        return None
    # RoBERTa and its relatives count positions from the padding token's id on: that many rows of the table are never used.
    padding = getattr(getattr(body_of(model), "embeddings", None), "padding_idx", None)
    return limit if limit is None or padding is None else int(limit) - int(padding) - 1


def hidden_states(
    model: Model, ids: torch.Tensor, mask: torch.Tensor | None = None, positions: torch.Tensor | None = None
) -> tuple[torch.Tensor, ...]:
    """Every hidden state `[batch, tokens, dim]` of the text body as the architecture itself returns them, depth + 1 of them.

    mask: `[batch, tokens]`, or `[batch, 1, tokens, tokens]` to add to the scores of attention, in a tree. positions: where each
    token stands in its sequence, counted from 0, if that is not its place in the batch. Raises ModelError if the number or shape of
    the states is different.
    """
    mask = torch.ones_like(ids) if mask is None else mask
    given: dict[str, Any] = {"use_cache": False} if hasattr(text_config(model), "use_cache") else {}
    given |= {} if positions is None else {"position_ids": positions}
    body, depth = body_of(model), depth_of(model)
    output = body(input_ids=ids, attention_mask=mask, output_hidden_states=True, **given)
    states = tuple(getattr(output, "hidden_states", None) or ())
    # A model that is spread over several GPUs leaves each state where its block is.
    states = tuple(state.to(states[0].device) for state in states)
    name = type(body).__name__
    if len(states) != depth + 1:
        raise ModelError(
            f"{name} returned {len(states)} hidden states for {depth} blocks, expected {depth + 1}; this architecture is not supported"
        )
    width = states[-1].shape[-1]
    odd = next((tuple(state.shape) for state in states if state.shape != (*ids.shape, width)), None)
    if odd is not None:
        raise ModelError(
            f"{name} returned a hidden state of shape {odd} for {ids.shape[1]} tokens, expected {(*ids.shape, width)}; "
            "this architecture is not supported"
        )
    return states


@contextmanager
def block_outputs(model: Model, blocks: slice = slice(None)) -> Iterator[list[torch.Tensor]]:
    """Collect the output `[batch, tokens, dim]` of each of the chosen blocks, for calls made inside the context.

    Nothing is collected if the blocks are not all in one list.
    """
    seen: list[torch.Tensor] = []

    def keep(_module: nn.Module, _args: Any, output: Any) -> None:
        found = output[0] if isinstance(output, tuple) else output
        if isinstance(found, torch.Tensor):
            seen.append(found)

    handles = [block.register_forward_hook(keep) for block in list(find_blocks(model) or ())[blocks]]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()
