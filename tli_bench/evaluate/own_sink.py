"""The own-sink probe: on how many words an attention sink sits on one of the word's own tokens."""

from collections.abc import Sequence

import torch
from torch import Tensor

SINK = 5.0
"""How many times the ordinary norm a position has at least to be called a sink."""


def middle(layers: Sequence[str]) -> list[int]:
    """Indices of the middle half of a model's hidden states, embeddings and `Lp` apart; all blocks of a model with fewer than two."""
    depth = int(layers[-1])
    blocks = {int(name): index for index, name in enumerate(layers) if name.isdigit() and name != "0"}
    found = [index for block, index in blocks.items() if depth / 4 <= block <= 3 * depth / 4]
    return found or list(blocks.values())


def own_sink_share(words: Sequence[Tensor], carried: Sequence[Tensor], layers: Sequence[str]) -> float | None:
    """Share of `words` one of whose own positions has more than `SINK` times the ordinary norm at some middle layer.

    words, carried: norms of the own positions of each word, `[layers, own tokens]`. carried: of words inside a sentence,
    where none of them is near the first position; their median is the ordinary norm of a layer. None where there is none.
    """
    chosen = middle(layers)
    if not words or not carried:
        return None
    ordinary = torch.cat([norms[chosen] for norms in carried], dim=1).double().median(dim=1).values
    if not ordinary.isfinite().all() or not ordinary.all():
        return None
    highest = torch.stack([norms[chosen].amax(dim=1) for norms in words], dim=1).double()
    return float((highest > SINK * ordinary[:, None]).any(dim=0).double().mean())
