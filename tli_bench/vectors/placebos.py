"""Placebos: the words that were scored, asked again of the same model with random weights in its adapter's slots."""

import time
from collections.abc import Iterator, Sequence
from typing import cast

import torch

from tli_bench.config.run import PLACEBOS
from tli_bench.models.types import Wrapped
from tli_bench.models.variants import neutral, placebo, weights_of, worn
from tli_bench.vectors.backend import Backend
from tli_bench.vectors.inputs import Framing
from tli_bench.vectors.protocols import Pooling

SHARE = 5
"""Unless they are asked for, placebos are scored where they take less than one part in so many of the time of a unit."""


class Placebos:
    """What a model that answered can be asked for besides: its answers under random weights. It leaves no state behind.

    asked: how many; None leaves it to the cost, which the first unit decides for all that follow.
    """

    def __init__(self, backend: Backend, asked: int | None) -> None:
        self._backend = backend
        self.count = asked
        self.began = time.perf_counter()

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
        so_far, cost = time.perf_counter() - self.began, PLACEBOS * texts * (self._backend.pace or 0.0)
        self.count = PLACEBOS if cost and cost < so_far / SHARE else 0
        if self.count:
            return ""
        return (
            f"no placebos: they would take about {cost:.0f} s a pair, which took {so_far:.0f} s without them; "
            f"--placebo {PLACEBOS} runs them"
        )

    def states(
        self,
        sides: Sequence[tuple[Sequence[str], Framing]],
        pooling: Pooling,
        *,
        depths: Sequence[int],
        seed: int,
    ) -> Iterator[list[torch.Tensor]]:
        """For each placebo the states of each side's texts, float32 `[depths, texts, dim]`.

        Raises AdapterError for a kind of adapter whose start PEFT cannot tell.
        """
        model = cast(Wrapped, self._backend.model)
        trained = {name: tensor.detach().clone() for name, tensor in weights_of(model).items()}
        start = neutral(model)
        for number in range(self.count or 0):
            with worn(model, placebo(trained, start, seed=seed, number=number)):
                found = [self._side(texts, framing, pooling, depths) for texts, framing in sides]
            yield found

    def _side(self, texts: Sequence[str], framing: Framing, pooling: Pooling, depths: Sequence[int]) -> torch.Tensor:
        distinct = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        vectors = self._backend.fresh(list(distinct), framing, (pooling,)).vectors[pooling]
        return vectors[list(depths)][:, [distinct[text] for text in texts]]
