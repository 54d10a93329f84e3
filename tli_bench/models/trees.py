"""Sequences packed into trees: a causal state depends on the tokens before it alone, so a shared prefix runs once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from tli_bench.models.body import hidden_states, text_config
from tli_bench.models.families import shares_prefixes, window
from tli_bench.models.types import Model

CHECKED = ((0, 1, 2, 3, 4), (0, 1, 2, 4), (0, 1, 3), (0, 1, 3, 2, 4, 1), (0, 2, 1, 4), (0, 4))
"""The sequences that are compared, by number of the id: several prefixes are shared, no two lengths in a row are equal."""
CHECKED_IDS = 5


@dataclass(frozen=True, slots=True)
class Tree:
    """Distinct prefixes, a parent before its children. ids: the last token of each prefix; parents: its prefix without that
    token, -1 at a root; positions: where the token stands; paths: for each packed sequence the nodes of its tokens.
    """

    ids: tuple[int, ...]
    parents: tuple[int, ...]
    positions: tuple[int, ...]
    paths: tuple[tuple[int, ...], ...]

    def mask(self, dtype: torch.dtype) -> torch.Tensor:
        """Attention mask `[1, 1, nodes, nodes]` to add to the scores: 0 for a node and its ancestors, minus infinity elsewhere.

        Of floating point, since eager attention adds what it is given: a mask of truth values would be silently wrong.
        """
        seen = np.eye(len(self.ids), dtype=bool)
        for node, parent in enumerate(self.parents):
            if parent >= 0:
                seen[node] |= seen[parent]
        mask = torch.zeros(seen.shape, dtype=dtype)
        return mask.masked_fill_(torch.from_numpy(~seen), float("-inf"))[None, None]


def trees(sequences: Sequence[Sequence[int]], nodes: int) -> Iterator[tuple[list[int], Tree]]:
    """Numbers of the sequences that are packed together, and their tree of at most `nodes` nodes, or of one sequence.

    Sequences are taken in the order of their tokens, so that a tree repeats no more of an earlier one than the prefix that its
    first sequence shares with it.
    """
    numbers: list[int] = []
    ids: list[int] = []
    parents: list[int] = []
    positions: list[int] = []
    paths: list[tuple[int, ...]] = []
    for number in sorted(range(len(sequences)), key=lambda n: tuple(sequences[n])):
        sequence = sequences[number]
        shared = _shared(sequences[numbers[-1]], sequence) if numbers else 0
        if numbers and len(ids) + len(sequence) - shared > nodes:
            yield numbers, Tree(tuple(ids), tuple(parents), tuple(positions), tuple(paths))
            numbers, ids, parents, positions, paths, shared = [], [], [], [], [], 0
        new = range(len(ids), len(ids) + len(sequence) - shared)
        path = (*(paths[-1][:shared] if paths else ()), *new)
        parents += [path[place - 1] if place else -1 for place in range(shared, len(sequence))]
        ids += sequence[shared:]
        positions += range(shared, len(sequence))
        numbers.append(number)
        paths.append(path)
    if numbers:
        yield numbers, Tree(tuple(ids), tuple(parents), tuple(positions), tuple(paths))


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """The number of leading tokens that two sequences share."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def prefixes(sequences: Sequence[Sequence[int]]) -> int:
    """The number of distinct prefixes: as many states as a causal model can tell apart, so the least that has to run."""
    order = sorted(tuple(sequence) for sequence in sequences)
    before: list[tuple[int, ...]] = [(), *order[:-1]]
    return sum(len(one) - _shared(last, one) for last, one in zip(before, order, strict=True))


def tree_states(model: Model, tree: Tree) -> tuple[torch.Tensor, ...]:
    """Every hidden state of a tree's nodes, each `[1, nodes, dim]`; raises ModelError as `hidden_states` does."""
    device = next(model.parameters()).device
    ids, positions = torch.tensor([tree.ids], device=device), torch.tensor([tree.positions], device=device)
    return hidden_states(model, ids, tree.mask(model.dtype).to(device), positions)


@torch.no_grad()
def why_apart(model: Model, ids: Sequence[int], *, tolerance: float) -> str:
    """Why each text has to run for itself, empty where texts may share their prefixes.

    By the table of families, then by a handful of sequences of `ids` (`CHECKED_IDS` ordinary ones), whose states in a tree have to be those
    of the plain forward. tolerance: relative to the largest number of a state.
    """
    reason = shares_prefixes(text_config(model))
    if reason:
        return reason
    limit = window(text_config(model))
    if limit is not None and limit < max(map(len, CHECKED)):
        return f"it sees {limit} tokens back, fewer than a word has"
    sequences = [[ids[k] for k in one] for one in CHECKED]
    device = next(model.parameters()).device
    ((numbers, tree),) = trees(sequences, sum(map(len, sequences)))
    try:
        packed = tree_states(model, tree)
    except (IndexError, NotImplementedError, RuntimeError, TypeError, ValueError) as err:
        return f"it does not run on a tree: {(str(err).strip().splitlines() or [type(err).__name__])[0]}"
    for number, path in zip(numbers, tree.paths, strict=True):
        plain = hidden_states(model, torch.tensor([sequences[number]], device=device))
        for one, other in zip(packed, plain, strict=True):
            size = float(other.float().abs().max())
            moved = float((one[0, list(path)].float() - other[0].float()).abs().max())
            if not moved <= tolerance * size:
                return "its states in a tree are not those of the plain forward"
    return ""
