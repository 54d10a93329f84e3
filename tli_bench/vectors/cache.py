"""Pooled states of texts already seen, kept in memory under everything that determines them, so that a shared text runs once."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch

from tli_bench.models.identity import State
from tli_bench.vectors.extract import States
from tli_bench.vectors.inputs import Encoded, Framing
from tli_bench.vectors.protocols import Pooling

MAX_BYTES = 4 << 30


class Key(NamedTuple):
    """Everything that determines a text's pooled states besides the text itself.

    weights, adapter, tokenizer: fingerprints (`tli_bench.models.live`); adapter is empty for the base.
    """

    weights: str
    adapter: str
    tokenizer: str
    state: State
    framing: Framing
    poolings: tuple[Pooling, ...]
    neurons: bool = False


@dataclass(frozen=True, slots=True)
class TextStates:
    """States of one text. vectors: `[layers, dim]` for each pooling; neurons: `[blocks, neurons]`, those active, if asked for;
    the rest as in `FirstPosition`, if asked for.
    """

    vectors: dict[Pooling, torch.Tensor]
    encoded: Encoded | None = None
    norms: torch.Tensor | None = None
    included: torch.Tensor | None = None
    excluded: torch.Tensor | None = None
    neurons: torch.Tensor | None = None


@dataclass(slots=True)
class _Group:
    layers: tuple[str, ...] = ()
    texts: dict[str, TextStates] = field(default_factory=dict)
    size: int = 0


class StateCache:
    """Keeps states up to `max_bytes`; a request larger than that is computed but not kept, and the least recently used go first."""

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._groups: OrderedDict[Key, _Group] = OrderedDict()

    def get(
        self, key: Key, texts: Sequence[str], compute: Callable[[Sequence[str]], States]
    ) -> tuple[tuple[str, ...], dict[str, TextStates]]:
        """Names of the layers, and the states of each distinct text; `compute` is called with those that are not in the cache."""
        group = self._groups.setdefault(key, _Group())
        self._groups.move_to_end(key)
        wanted = list(dict.fromkeys(texts))
        found = {text: group.texts[text] for text in wanted if text in group.texts}
        missing = [text for text in wanted if text not in found]
        if missing:
            states = compute(missing)
            group.layers = states.layers
            fresh = {text: _one(states, row) for row, text in enumerate(missing)}
            found |= fresh
            self._keep(group, fresh, _size(states))
        return group.layers, found

    def _keep(self, group: _Group, fresh: dict[str, TextStates], size: int) -> None:
        if size > self._max_bytes:
            return
        while self._held() + size > self._max_bytes:
            key, oldest = next(iter(self._groups.items()))
            oldest.texts, oldest.size = {}, 0
            if oldest is group:
                break
            del self._groups[key]
        group.texts |= fresh
        group.size += size

    def _held(self) -> int:
        return sum(group.size for group in self._groups.values())


def _one(states: States, row: int) -> TextStates:
    vectors = {pooling: tensor[:, row] for pooling, tensor in states.vectors.items()}
    encoded = states.encoded[row] if states.encoded else None
    neurons = None if states.neurons is None else states.neurons[:, row]
    if states.first is None:
        return TextStates(vectors, encoded, neurons=neurons)
    first = states.first
    return TextStates(vectors, encoded, first.norms[row], first.included[:, row], first.excluded[:, row], neurons)


def _size(states: States) -> int:
    tensors = [*states.vectors.values()]
    tensors += [states.first.included, states.first.excluded] if states.first else []
    tensors += [] if states.neurons is None else [states.neurons]
    # A mean that serves two purposes is one tensor.
    return sum(v.numel() * v.element_size() for v in {id(t): t for t in tensors}.values())
