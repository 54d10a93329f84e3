"""Placebos: the words that were scored, asked again of the same model with random weights in its adapter's slots."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import cast

import torch

from tli_bench.config.run import PLACEBOS
from tli_bench.models import variants
from tli_bench.models.types import Wrapped
from tli_bench.vectors.backend import Backend
from tli_bench.vectors.cache import StateCache
from tli_bench.vectors.extract import States
from tli_bench.vectors.inputs import Framing
from tli_bench.vectors.keys import Key
from tli_bench.vectors.protocols import Pooling

_RUN_THEM = f"--placebo {PLACEBOS} runs them"
SHARE = 5
"""Unless they are asked for, placebos are scored where they take less than one part in so many of the time of a unit."""


class Placebos:
    """What a model that answered can be asked for besides: its answers under random weights. It leaves no state behind.

    asked: how many; None leaves it to the cost, which the first unit decides for all that follow. before: what the cost decided in an
    earlier run, if that is known.
    """

    def __init__(self, backend: Backend, asked: int | None, *, before: int | None = None) -> None:
        self._backend = backend
        self._before = before
        self.count = asked
        self.began = time.perf_counter()
        self.on_decided: Callable[[int], None] | None = None

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        """A copy in another process or in a cache of answers has no model to ask."""
        return type(None), ()

    @property
    def causal(self) -> bool:
        """Whether a position of the model sees only itself and the ones before it."""
        return self._backend.causal

    def starts(self) -> None:
        """A unit starts now."""
        self.began = time.perf_counter()

    def decide(self, texts: int) -> str:
        """Fix how many placebos there are, where that was left to the cost; gives a sentence if there are none for that reason.

        texts: distinct ones of a unit that has been answered and analysed.
        """
        if self.count is not None:
            return ""
        if self._before is not None:
            self.count = self._before
            return (
                "" if self.count else f"no placebos: they cost too much when this model was first scored; {_RUN_THEM}"
            )
        if self._backend.pace is None:
            self.count = 0
            return f"no placebos: their cost is not known, since all words came from the cache; {_RUN_THEM}"
        so_far, cost = time.perf_counter() - self.began, PLACEBOS * texts * self._backend.pace
        self.count = PLACEBOS if cost < so_far / SHARE else 0
        if self.on_decided:
            self.on_decided(self.count)
        if self.count:
            return ""
        return f"no placebos: they would take about {cost:.0f} s a pair, which took {so_far:.0f} s without them; {_RUN_THEM}"

    def states(
        self,
        sides: Sequence[tuple[Sequence[str], Framing]],
        pooling: Pooling,
        *,
        depths: Sequence[int],
        seed: int,
    ) -> Iterator[list[torch.Tensor]]:
        """For each placebo the states of each side's texts, float32 `[depths, texts, dim]`, kept on disk where those of words are.

        Raises AdapterError for a kind of adapter whose start PEFT cannot tell.
        """
        drawn = _Drawn(self._backend, seed)
        for number in range(self.count or 0):
            with drawn.worn(number) as one:
                found = [one.side(texts, framing, pooling, tuple(depths)) for texts, framing in sides]
            yield found


class _Drawn:
    """Random weights in the adapter's slots: drawn when the first text is asked for whose states are not kept."""

    def __init__(self, backend: Backend, seed: int) -> None:
        self._backend, self._seed = backend, seed
        with backend.unchanged() as self._held:
            pass
        # Next to the words' own states a placebo's are too many to be held in memory.
        self._cache = StateCache(max_bytes=0, disk=backend.cache.disk)
        self._number, self._worn = 0, ExitStack()
        self._is_worn = False

    @contextmanager
    def worn(self, number: int) -> Iterator["_Drawn"]:
        """Inside the `with` block `side` answers for this placebo."""
        self._number, self._is_worn = number, False
        with self._worn:
            yield self

    def side(self, texts: Sequence[str], framing: Framing, pooling: Pooling, depths: tuple[int, ...]) -> torch.Tensor:
        """The states of texts, float32 `[depths, texts, dim]`."""
        which = f"{self._held.adapter} placebo {self._number} of seed {self._seed}, layers {depths}"
        key = Key(self._held.weights, which, self._held.tokenizer, "placebo", framing, (pooling,))
        found = self._cache.get(key, texts, lambda missing: self._compute(missing, framing, pooling, depths)).texts
        return torch.stack([found[text].vectors[pooling] for text in texts], dim=1)

    def _compute(self, texts: Sequence[str], framing: Framing, pooling: Pooling, depths: tuple[int, ...]) -> States:
        if not self._is_worn:
            self._worn.enter_context(self._weights.worn(self._number))
            self._is_worn = True
        found = self._backend.fresh(texts, framing, (pooling,))
        return States(tuple(found.layers[i] for i in depths), {pooling: found.vectors[pooling][list(depths)]})

    @cached_property
    def _weights(self) -> variants.Placebos:
        return variants.Placebos(cast(Wrapped, self._backend.model), seed=self._seed)
