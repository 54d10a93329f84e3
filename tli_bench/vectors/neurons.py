"""Which feed-forward neurons a word excites, pooled over its own tokens while the passes run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from tli_bench.models.neurons import active_neurons
from tli_bench.vectors.inputs import Encoded


class NeuronStates:
    """Active neurons of many words, `[blocks, words, neurons]` as float16: the mean over the word's own tokens, the t-th with weight t.

    Later tokens count more because in a causal model they have seen more (Huang et al. 2025, after Muennighoff 2022).
    """

    def __init__(self, encoded: Sequence[Encoded], seen: list[list[torch.Tensor]]) -> None:
        self._encoded, self._seen = encoded, seen
        self.pooled: torch.Tensor | None = None

    def add(self, rows: Sequence[int]) -> None:
        """Pool what the batch that has just run found for the words at `rows`."""
        weights = torch.stack([_later_counts_more(self._encoded[row]) for row in rows])
        for block, calls in enumerate(self._seen):
            (active,) = calls
            calls.clear()
            if self.pooled is None:
                self.pooled = torch.empty(len(self._seen), len(self._encoded), active.shape[-1], dtype=torch.float16)
            pooled = torch.einsum("bt,btm->bm", weights.to(active.device), active.float())
            self.pooled[block, rows] = pooled.to("cpu", torch.float16)


@contextmanager
def neuron_states(functions: Sequence[nn.Module], encoded: Sequence[Encoded]) -> Iterator[NeuronStates]:
    """Watch the activation functions of all blocks; without any, nothing is watched and nothing pooled."""
    with active_neurons(functions) as seen:
        yield NeuronStates(encoded, seen)


def _later_counts_more(item: Encoded) -> torch.Tensor:
    """Weights over the positions of one sequence, float32 `[tokens]`, summing to 1; 0 but on the word's own tokens."""
    own = torch.tensor(item.word, dtype=torch.float32)
    weights = own * own.cumsum(dim=0)
    return weights / weights.sum()
