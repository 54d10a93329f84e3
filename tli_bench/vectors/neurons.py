"""Which feed-forward neurons a word excites, pooled over its own tokens while the passes run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate

import torch
from torch import nn

from tli_bench.models.neurons import active_neurons
from tli_bench.vectors.batches import Bags, Batch, bags
from tli_bench.vectors.inputs import Encoded


class NeuronStates:
    """Active neurons of many words, `[blocks, words, neurons]` as float16: the mean over the word's own tokens, the t-th with weight t.

    Later tokens count more because in a causal model they have seen more (Huang et al. 2025, after Muennighoff 2022).
    """

    def __init__(self, encoded: Sequence[Encoded], seen: list[list[torch.Tensor]]) -> None:
        self._encoded, self._seen = encoded, seen
        self.pooled: torch.Tensor | None = None

    def add(self, batch: Batch) -> None:
        """Pool what the batch that has just run found for its words."""
        own: Bags | None = None
        for block, calls in enumerate(self._seen):
            (active,) = calls
            calls.clear()
            own = own or bags(batch, [lambda row: _later_counts_more(self._encoded[row])], device=active.device)
            if self.pooled is None:
                self.pooled = torch.empty(len(self._seen), len(self._encoded), active.shape[-1], dtype=torch.float16)
            self.pooled[block, batch.numbers] = own.pool(active).to("cpu", torch.float16)


@contextmanager
def neuron_states(functions: Sequence[nn.Module], encoded: Sequence[Encoded]) -> Iterator[NeuronStates]:
    """Watch the activation functions of all blocks; without any, nothing is watched and nothing pooled."""
    with active_neurons(functions) as seen:
        yield NeuronStates(encoded, seen)


def _later_counts_more(item: Encoded) -> list[float]:
    """Weights over the positions of one sequence, `[tokens]`, summing to 1; 0 but on the word's own tokens."""
    own = sum(item.word)
    total, counts = own * (own + 1) / 2, accumulate(item.word)
    return [count / total if flag else 0.0 for flag, count in zip(item.word, counts, strict=True)]
