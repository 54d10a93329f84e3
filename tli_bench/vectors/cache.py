"""Pooled states of texts already seen, kept in memory under everything that determines them, so that a shared text runs once."""

import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch

from tli_bench.vectors.disk import DiskCache
from tli_bench.vectors.extract import States, with_first
from tli_bench.vectors.inputs import Encoded
from tli_bench.vectors.keys import Key
from tli_bench.vectors.protocols import Pooling

MIN_BYTES = 4 << 30


def default_bytes() -> int:
    """A quarter of the machine's memory, and at least 4 GiB: one state of a pair of an 8B model takes three to four GB."""
    try:
        return max(MIN_BYTES, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4)
    except (ValueError, OSError, AttributeError):
        return MIN_BYTES


@dataclass(frozen=True, slots=True)
class TextStates:
    """States of one text, in memory that it shares with the texts that ran with it.

    vectors: `[layers, dim]` for each pooling; neurons: `[blocks, neurons]`, those active, if asked for; norms, origin (of position
    0), excluded and count as in `FirstPosition`, if asked for.
    """

    vectors: dict[Pooling, torch.Tensor]
    encoded: Encoded | None = None
    norms: torch.Tensor | None = None
    origin: torch.Tensor | None = None
    excluded: torch.Tensor | None = None
    count: int = 0
    neurons: torch.Tensor | None = None

    def included(self) -> torch.Tensor | None:
        """Mean over the first position and those of `excluded`, `[layers, dim]`."""
        if self.origin is None or self.excluded is None:
            return None
        return with_first(self.origin, self.excluded, self.count)


class Answered(NamedTuple):
    """layers: names, as in `States`; texts: states of each distinct text."""

    layers: tuple[str, ...]
    texts: dict[str, TextStates]


@dataclass(slots=True)
class _Group:
    layers: tuple[str, ...] = ()
    texts: dict[str, TextStates] = field(default_factory=dict)
    size: int = 0


class StateCache:
    """Keeps states up to `max_bytes`; a request larger than that is computed but not kept, and the least recently used go first.

    disk: where states are looked up and kept besides, for runs to come.
    """

    def __init__(self, *, max_bytes: int | None = None, disk: DiskCache | None = None) -> None:
        self._max_bytes = default_bytes() if max_bytes is None else max_bytes
        self._groups: OrderedDict[Key, _Group] = OrderedDict()
        self.disk = disk

    def get(self, key: Key, texts: Sequence[str], compute: Callable[[Sequence[str]], States]) -> Answered:
        """The states of each distinct text; `compute` is called with those that were not seen before."""
        group = self._groups.setdefault(key, _Group())
        self._groups.move_to_end(key)
        wanted = list(dict.fromkeys(texts))
        found = {text: group.texts[text] for text in wanted if text in group.texts}
        missing = [text for text in wanted if text not in found]
        for states, rows in self.disk.find(key, missing) if self.disk and missing else ():
            group.layers = states.layers
            found |= {text: one_text(states, row) for text, row in rows.items()}  # mapped into memory, so not counted
            group.texts |= {text: found[text] for text in rows}
        missing = [text for text in missing if text not in found]
        if missing:
            states = compute(missing)
            group.layers = states.layers
            fresh = {text: one_text(states, row) for row, text in enumerate(missing)}
            found |= fresh
            self._keep(group, fresh, _size(states))
            if self.disk:
                self.disk.keep(key, missing, states)
        return Answered(group.layers, found)

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


def one_text(states: States, row: int) -> TextStates:
    """The states of one word of many, in the memory of all."""
    vectors = {pooling: tensor[:, row] for pooling, tensor in states.vectors.items()}
    encoded = states.encoded[row] if states.encoded else None
    neurons = None if states.neurons is None else states.neurons[:, row]
    if states.first is None:
        return TextStates(vectors, encoded, neurons=neurons)
    first = states.first
    origin, rest = first.origins[:, first.which[row]], first.excluded[:, row]
    return TextStates(vectors, encoded, first.norms[row], origin, rest, first.counts[row], neurons)


def _size(states: States) -> int:
    tensors = [*states.vectors.values()]
    tensors += [states.first.origins, states.first.excluded] if states.first else []
    tensors += [] if states.neurons is None else [states.neurons]
    # A mean that serves two purposes is one tensor.
    return sum(v.numel() * v.element_size() for v in {id(t): t for t in tensors}.values())
