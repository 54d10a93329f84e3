"""Hidden states of words already seen in a session, so that a word shared by several pairs runs once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from tli_bench.vectors.extract import States
from tli_bench.vectors.inputs import Encoded
from tli_bench.vectors.protocols import Pooling


@dataclass(frozen=True, slots=True)
class WordStates:
    """States of one word. vectors: `[layers, dim]` a pooling; the rest as in `FirstPosition`, where it was asked for."""

    vectors: dict[Pooling, torch.Tensor]
    encoded: Encoded | None = None
    norms: torch.Tensor | None = None
    included: torch.Tensor | None = None
    excluded: torch.Tensor | None = None


class StateStore:
    """Keeps pooled states by word, up to `max_bytes`; a request larger than that is computed and not kept.

    compute: takes words and gives their `States`; it is called with distinct words that are not kept yet.
    """

    def __init__(self, compute: Callable[[Sequence[str]], States], *, max_bytes: int = 2 << 30) -> None:
        self._compute = compute
        self._max_bytes = max_bytes
        self._kept: dict[str, WordStates] = {}
        self._bytes = 0
        self.layers: tuple[str, ...] = ()

    def get(self, words: Sequence[str]) -> dict[str, WordStates]:
        """States of each distinct word."""
        wanted = list(dict.fromkeys(words))
        found = {word: self._kept[word] for word in wanted if word in self._kept}
        missing = [word for word in wanted if word not in found]
        if missing:
            states = self._compute(missing)
            self.layers = states.layers
            fresh = {word: _one(states, row) for row, word in enumerate(missing)}
            found |= fresh
            self._keep(fresh, _size(states))
        return found

    def _keep(self, fresh: dict[str, WordStates], size: int) -> None:
        if size > self._max_bytes:
            return
        if self._bytes + size > self._max_bytes:
            self._kept.clear()
            self._bytes = 0
        self._kept |= fresh
        self._bytes += size


def _one(states: States, row: int) -> WordStates:
    vectors = {pooling: tensor[:, row] for pooling, tensor in states.vectors.items()}
    encoded = states.encoded[row] if states.encoded else None
    if states.first is None:
        return WordStates(vectors, encoded)
    first = states.first
    return WordStates(vectors, encoded, first.norms[row], first.included[:, row], first.excluded[:, row])


def _size(states: States) -> int:
    tensors = [*states.vectors.values()]
    tensors += [states.first.included, states.first.excluded] if states.first else []
    # A mean that serves two purposes is one tensor.
    return sum(v.numel() * v.element_size() for v in {id(t): t for t in tensors}.values())
