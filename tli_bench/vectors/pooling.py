"""One vector from one sequence: which positions are averaged, and with which weights."""

from collections.abc import Sequence

import torch

from tli_bench.base.errors import InputError
from tli_bench.vectors.inputs import Encoded
from tli_bench.vectors.protocols import Pooling


def mean_weights(encoded: Encoded, pooling: Pooling) -> list[float]:
    """Weights over the positions of one sequence, `[tokens]`, summing to 1.

    Raises InputError when no position may be pooled.
    """
    word, length = encoded.word, len(encoded.word)
    if not any(word):
        raise InputError(f"{encoded.text!r} has no token of its own to pool")
    weights: Sequence[float]
    match pooling:
        case Pooling.WORD_MEAN:
            weights = word
        case Pooling.WORD_LAST:
            last = max(place for place, own in enumerate(word) if own)
            weights = [float(place == last) for place in range(length)]
        case Pooling.ALL_MEAN:
            weights = [1.0] * length
        case Pooling.ALL_WEIGHTED:
            weights = range(1, length + 1)
        case Pooling.ALL_LAST:
            weights = [*[0.0] * (length - 1), 1.0]
    total = sum(weights)
    return [weight / total for weight in weights]


def pooling_weights(encoded: Encoded, pooling: Pooling) -> torch.Tensor:
    """As `mean_weights`, float32 `[tokens]`."""
    return torch.tensor(mean_weights(encoded, pooling))


def rest_weights(encoded: Encoded) -> list[float]:
    """Weights of the mean over all positions but the first that are no text around the word, `[tokens]`; zero where there is none."""
    frame = encoded.frame or (False,) * len(encoded.ids)
    weights = [0.0, *(float(not around) for around in frame[1:])]
    total = max(sum(weights), 1.0)
    return [weight / total for weight in weights]
