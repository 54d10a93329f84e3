"""The part of a model that makes hidden states: its base model without any head, and the block before the final norm."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from tli_bench.base.errors import ModelError
from tli_bench.models.types import Model


def text_config(model: Model) -> Any:
    """Configuration of the text part (multimodal models nest it)."""
    return model.config.get_text_config() if hasattr(model.config, "get_text_config") else model.config


def body_of(model: Model) -> nn.Module:
    """The base model inside a causal LM, an encoder, or either wrapped by PEFT; the LM head is never part of it.

    Raises ModelError for encoder-decoder models.
    """
    inner = model.get_base_model() if hasattr(model, "peft_config") and hasattr(model, "get_base_model") else model
    if getattr(inner.config, "is_encoder_decoder", False):
        raise ModelError(f"{type(inner).__name__} is an encoder-decoder model; use a causal LM or an encoder")
    body: nn.Module = inner.base_model
    return body


def blocks_of(model: Model) -> nn.ModuleList:
    """The transformer blocks of the base model, in order.

    Raises ModelError when no module list has as many entries as the configuration has layers.
    """
    body = body_of(model)
    depth = text_config(model).num_hidden_layers
    for module in body.modules():
        if isinstance(module, nn.ModuleList) and len(module) == depth:
            return module
    raise ModelError(f"found no list of {depth} blocks in {type(body).__name__}; this architecture is not supported")


def is_causal(model: Model) -> bool:
    """Whether a position sees only itself and the ones before it."""
    body = body_of(model)
    name = type(body).__name__.lower()
    if any(encoder in name for encoder in ("bert", "electra", "deberta", "xlnet")):
        return bool(getattr(body.config, "is_decoder", False))
    return True


def max_tokens(model: Model) -> int | None:
    """How many tokens the model reads at once; None where its configuration sets no bound."""
    limit = getattr(text_config(model), "max_position_embeddings", None)
    # RoBERTa and its kin count positions from the padding token's id on: that many rows of the table are never used.
    padding = getattr(getattr(body_of(model), "embeddings", None), "padding_idx", None)
    return limit if limit is None or padding is None else int(limit) - int(padding) - 1


@contextmanager
def last_block_output(model: Model) -> Iterator[list[torch.Tensor]]:
    """Collect the last block's output `[batch, tokens, dim]` of each forward call made inside the context."""
    seen: list[torch.Tensor] = []

    def keep(_module: nn.Module, _args: Any, output: Any) -> None:
        seen.append(output[0] if isinstance(output, tuple) else output)

    handle = blocks_of(model)[-1].register_forward_hook(keep)
    try:
        yield seen
    finally:
        handle.remove()
