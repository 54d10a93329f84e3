"""One vector from one sequence: which positions are averaged, and with which weights."""

import torch

from tli_bench.base.errors import InputError
from tli_bench.vectors.inputs import Encoded
from tli_bench.vectors.protocols import Pooling


def pooling_weights(encoded: Encoded, pooling: Pooling) -> torch.Tensor:
    """Weights over the positions of one sequence, float32 `[tokens]`, summing to 1.

    Raises InputError when no position may be pooled.
    """
    word = torch.tensor(encoded.word, dtype=torch.float32)
    if not word.any():
        raise InputError(f"{encoded.text!r} has no token of its own to pool")
    length = len(word)
    match pooling:
        case Pooling.WORD_MEAN:
            weights = word
        case Pooling.WORD_LAST:
            weights = torch.zeros(length)
            weights[int(word.nonzero().max())] = 1.0
        case Pooling.ALL_MEAN:
            weights = torch.ones(length)
        case Pooling.ALL_WEIGHTED:
            weights = torch.arange(1, length + 1, dtype=torch.float32)
        case Pooling.ALL_LAST:
            weights = torch.zeros(length)
            weights[-1] = 1.0
    return weights / weights.sum()


def first_weights(encoded: Encoded, *, first: bool) -> torch.Tensor:
    """Weights of the mean over the first position and all that are no text around the word, float32 `[tokens]`.

    first: whether the first position itself is in the mean; without it, all weights are zero where there is no other.
    """
    weights = torch.ones(len(encoded.ids))
    if encoded.frame:
        weights[torch.tensor(encoded.frame)] = 0.0
    weights[0] = float(first)
    return weights / weights.sum().clamp(min=1.0)
