"""Which feed-forward neurons are active: where the activation function of a block gives more than 0."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from tli_bench.models.body import family, find_blocks, hidden_states
from tli_bench.models.types import Model

_ACTIVATIONS = ("transformers.activations", "torch.nn.modules.activation")
"""Where the classes of activation functions are defined."""


def activation_functions(model: Model) -> list[nn.Module]:
    """The activation function of each block's feed-forward part, in order; empty where there is not exactly one in each.

    It is at the path that the family's row names, or it is the only activation function of the block; a forward pass over two tokens
    confirms that it runs once and gives one row for each token. Not so: mixtures of experts, functions that are no
    modules (BLOOM), blocks that are one and the same (ALBERT), activations without a dimension for the batch (OPT).
    """
    blocks, path = find_blocks(model), family(model).neurons
    found = [[block.get_submodule(path)] if path else _activations(block) for block in blocks or ()]
    functions = [one[0] for one in found if len(one) == 1]
    if not functions or len(functions) != len(found):
        return []
    ids = torch.zeros(1, 2, dtype=torch.long, device=next(model.parameters()).device)
    with torch.no_grad(), active_neurons(functions) as seen:
        hidden_states(model, ids)
    fits = all(len(calls) == 1 and calls[0].ndim == 3 and calls[0].shape[:2] == ids.shape for calls in seen)
    return functions if fits and len({calls[0].shape for calls in seen}) == 1 else []


@contextmanager
def active_neurons(functions: Sequence[nn.Module]) -> Iterator[list[list[torch.Tensor]]]:
    """Collect what each call of each function finds active: bool, `[batch, tokens, neurons]` in most architectures."""
    seen: list[list[torch.Tensor]] = [[] for _ in functions]

    def into(calls: list[torch.Tensor]) -> Any:
        return lambda _module, _args, output: calls.append(output > 0)

    handles = [function.register_forward_hook(into(calls)) for function, calls in zip(functions, seen, strict=True)]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _activations(block: nn.Module) -> list[nn.Module]:
    return [part for part in block.modules() if type(part).__module__ in _ACTIVATIONS]
