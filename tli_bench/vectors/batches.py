"""Which sequences run together, and where in a pass the tokens of each are: packed into trees, or those of one length side by side."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import torch
from torch.nn import functional

from tli_bench.models.trees import Tree, prefixes, trees

NODES = 6
"""Nodes of a tree for each sequence of a batch: about as many tokens as a word has."""
CPU_NODES = 384
"""Nodes of a tree on a CPU at most: beyond, attention over all of them costs more than larger matrix products save."""
_WORTH = 0.9
"""Trees are used where they have less than this share of the sequences' tokens: a batch without a mask of its own is faster."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One forward pass. numbers: of the sequences in it; ids: `[rows, tokens]`; places: for each sequence where its tokens are in
    `ids` read row by row; tree: if the pass is one, whose nodes are then the only row.
    """

    numbers: list[int]
    ids: list[tuple[int, ...]]
    places: list[Sequence[int]]
    tree: Tree | None = None

    @property
    def tokens(self) -> int:
        """The number of tokens that run."""
        return len(self.ids) * len(self.ids[0])


def batches(
    sequences: Sequence[tuple[int, ...]], batch_size: int, *, share: bool, device: str = "cpu"
) -> Iterator[Batch]:
    """Every sequence once; nothing is padded.

    batch_size: rows of one length, or a sixth of the nodes of a tree. share: whether the model allows shared prefixes; trees are
    made where that saves tokens. device: type of the one that they run on.
    """
    if share and prefixes(sequences) < _WORTH * sum(map(len, sequences)):
        most = NODES * batch_size
        for numbers, tree in trees(sequences, min(most, CPU_NODES) if device == "cpu" else most):
            yield Batch(numbers, [tree.ids], [*tree.paths], tree)
        return
    buckets: dict[int, list[int]] = defaultdict(list)
    for number, sequence in enumerate(sequences):
        buckets[len(sequence)].append(number)
    for length in sorted(buckets):
        for start in range(0, len(buckets[length]), batch_size):
            part = buckets[length][start : start + batch_size]
            rows = [range(row * length, (row + 1) * length) for row in range(len(part))]
            yield Batch(part, [sequences[number] for number in part], [*rows])


class Bags(NamedTuple):
    """Weighted sums over the tokens of one pass: places and weights of all of them in a row, and where each begins."""

    places: torch.Tensor
    weights: torch.Tensor
    starts: torch.Tensor

    def pool(self, states: torch.Tensor) -> torch.Tensor:
        """The sums, float32 `[sums, dim]`, of states `[rows, tokens, dim]`."""
        flat = states.reshape(-1, states.shape[-1]).float()
        return functional.embedding_bag(self.places, flat, self.starts, mode="sum", per_sample_weights=self.weights)


def bags(
    batch: Batch, rules: Sequence[Callable[[int], Sequence[float]]], *, device: torch.device | str = "cpu"
) -> Bags:
    """All sums of the first rule, then those of the second, and so on; a rule gives a sequence's weights by its number."""
    places: list[int] = []
    weights: list[float] = []
    counts: list[int] = []
    for rule in rules:
        for number, where in zip(batch.numbers, batch.places, strict=True):
            kept = [(place, weight) for place, weight in zip(where, rule(number), strict=True) if weight]
            places += (place for place, _ in kept)
            weights += (weight for _, weight in kept)
            counts.append(len(kept))
    starts = [0, *accumulate(counts)][:-1]
    return Bags(
        torch.tensor(places, device=device), torch.tensor(weights, device=device), torch.tensor(starts, device=device)
    )
