"""Answers from disk alone: whether everything that is asked was computed before, and a stand-in for the backend if so."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import torch

from tli_bench.base.errors import InputError
from tli_bench.models.identity import MeasuredModel, State
from tli_bench.models.live import Fingerprint
from tli_bench.vectors.cache import Answered, TextStates, one_text
from tli_bench.vectors.disk import DiskCache
from tli_bench.vectors.inputs import Framing
from tli_bench.vectors.keys import key_of
from tli_bench.vectors.protocols import Pooling


class Answers(Protocol):
    """What `answer` needs of a backend."""

    @property
    def causal(self) -> bool:
        """Whether a position of the model sees only itself and the ones before it."""
        ...

    def unchanged(self) -> Any:
        """A context that yields the model's fingerprint."""
        ...

    def states(
        self,
        texts: Sequence[str],
        framing: Framing,
        poolings: Sequence[Pooling],
        *,
        state: State = "base",
        neurons: bool = False,
    ) -> Answered:
        """Pooled states of every layer for each distinct text."""
        ...

    def words_of(
        self, sentences: Sequence[Sequence[str]], framing: Framing, *, state: State = "base"
    ) -> tuple[tuple[str, ...], list[tuple[tuple[int, ...], torch.Tensor]]]:
        """States of the words of sentences."""
        ...

    def remember(self, identity: MeasuredModel) -> None:
        """Note on disk, if there is a place, that this is the model with that identity."""
        ...


class Kept:
    """A model that ran before, by what it left on disk; raises InputError for a text that is not there."""

    def __init__(self, disk: DiskCache, held: Fingerprint, *, causal: bool, twin: str) -> None:
        self._disk, self._held, self._twin = disk, held, twin
        self.causal = causal

    @contextmanager
    def unchanged(self) -> Iterator[Fingerprint]:
        """Yields the fingerprint that the model had."""
        yield self._held

    def states(
        self,
        texts: Sequence[str],
        framing: Framing,
        poolings: Sequence[Pooling],
        *,
        state: State = "base",
        neurons: bool = False,
    ) -> Answered:
        """As `Backend.states`, from disk."""
        key = key_of(self._held, self._twin, state, framing, tuple(poolings), neurons=neurons)
        found: dict[str, TextStates] = {}
        layers: tuple[str, ...] = ()
        for states, rows in self._disk.find(key, texts):
            found |= {text: one_text(states, row) for text, row in rows.items()}
            layers = states.layers
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        if missing:
            raise InputError(
                f"the states of {missing[0]!r} and {len(missing) - 1} more are not in {self._disk.root}; load the model"
            )
        return Answered(layers, found)

    def holds(
        self, texts: Sequence[str], framing: Framing, poolings: Sequence[Pooling], *, state: State, neurons: bool
    ) -> bool:
        """Whether `states` would answer."""
        return self._disk.holds(key_of(self._held, self._twin, state, framing, tuple(poolings), neurons=neurons), texts)

    def words_of(
        self, sentences: Sequence[Sequence[str]], framing: Framing, *, state: State = "base"
    ) -> tuple[tuple[str, ...], list[tuple[tuple[int, ...], torch.Tensor]]]:
        """Words of sentences are never kept: raises InputError."""
        raise InputError("states of the words of sentences are not kept on disk; load the model")

    def remember(self, identity: MeasuredModel) -> None:
        """It is remembered already."""


def kept_model(disk: DiskCache, identity: MeasuredModel, device: str) -> Kept | None:
    """The model as it ran before, with the same files, adapter, dtype and kind of device; None if it did not."""
    facts = disk.named_model(identity, device)
    if facts is None:
        return None
    held = Fingerprint(facts["weights"], facts["tokenizer"], facts["adapter"])
    return Kept(disk, held, causal=facts["causal"], twin=facts["twin"])
