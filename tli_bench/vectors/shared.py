"""A backend whose texts are shared among the ranks of a run, each with its own copy of the model."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import accumulate, pairwise
from typing import Any, NamedTuple, cast

import torch

from tli_bench.models.identity import State
from tli_bench.models.types import Model, Tokenizer, Wrapped
from tli_bench.models.variants import Weights, weights_of, worn
from tli_bench.vectors.backend import Backend
from tli_bench.vectors.batches import Batch, batches
from tli_bench.vectors.extract import FirstPosition, States
from tli_bench.vectors.inputs import Encoded, Framing
from tli_bench.vectors.protocols import Pooling
from tli_bench.vectors.ranks import Ranks

STATES, WORDS = "states", "words"
"""What the leader asks of the others' backends."""


class _How(NamedTuple):
    """How a share of the texts is run. state: of the model; worn: weights in the adapter's place, where it is not one of its states."""

    state: State
    worn: Weights | None
    poolings: tuple[Pooling, ...]
    share: bool
    first_position: bool
    neurons: bool


class SharedBackend(Backend):
    """As `Backend`; on rank 0 every pass over texts is made by all ranks, on the others `answer` makes their part of it.

    The model must be the same on all of them. The caches are those of rank 0. options: as of `Backend`.
    """

    def __init__(self, model: Model, tokenizer: Tokenizer, *, ranks: Ranks, **options: Any) -> None:
        super().__init__(model, tokenizer, **options)
        self._ranks = ranks
        self._state: State | None = None

    def answer(self, what: str, told: tuple[Any, ...]) -> Any:
        """What rank 0 asks for: `STATES` of encoded texts, or the `WORDS` of sentences."""
        if what == WORDS:
            return super().words_of(*told[:2], state=told[2])
        encoded, how = told
        with worn(cast(Wrapped, self.model), how.worn) if how.worn is not None else self._in_state(how.state):
            found = self._own(encoded, how)
        return replace(found, encoded=())  # which rank 0 has

    def words_of(
        self, sentences: Sequence[Sequence[str]], framing: Framing, *, state: State = "base"
    ) -> tuple[tuple[str, ...], list[tuple[tuple[int, ...], torch.Tensor]]]:
        """As `Backend.words_of`."""
        shares = self._ranks.split(sentences)
        own = partial(super().words_of, shares[0], framing, state=state)
        (layers, found), others = self._ranks.ask(WORDS, [(s, framing, state) if s else None for s in shares], own)
        return layers, [*found, *(row for _, rows in others for row in rows)]

    @contextmanager
    def _in_state(self, state: State) -> Iterator[None]:
        outer, self._state = self._state, state
        try:
            with super()._in_state(state):
                yield
        finally:
            self._state = outer

    def _extract(
        self,
        encoded: Sequence[Encoded],
        poolings: tuple[Pooling, ...],
        *,
        share: bool,
        first_position: bool = False,
        neurons: bool = False,
    ) -> States:
        changed = None
        if self._state is None and self.adapted:  # whatever the adapter's weights are just now
            changed = {name: tensor.detach().cpu() for name, tensor in weights_of(cast(Wrapped, self.model)).items()}
        sequences, device = [item.ids for item in encoded], next(self.model.parameters()).device.type
        plan = list(batches(sequences, self.batch_size, share=share, device=device))
        trees = any(batch.tree is not None for batch in plan)
        how = _How(self._state or "base", changed, poolings, trees, first_position, neurons)
        shares = cut(plan, self._ranks.count)
        texts = [[encoded[number] for number in rows] for rows in shares]
        first, others = self._ranks.ask(
            STATES, [(some, how) if some else None for some in texts], partial(self._own, texts[0], how)
        )
        used = [rows for rows in shares if rows]
        return joined([first, *others], used, encoded, one_origin=share)

    def _own(self, encoded: Sequence[Encoded], how: _How) -> States:
        return super()._extract(
            encoded, how.poolings, share=how.share, first_position=how.first_position, neurons=how.neurons
        )


def cut(plan: Sequence[Batch], count: int) -> list[list[int]]:
    """Numbers of the sequences that each of `count` ranks runs: contiguous parts of the batches in order, of about as many tokens each.

    A part ends where a batch ends, if that is near enough: the passes are then those of one process, and so are the states, to the
    last bit. Where batches are few, one of them is cut.
    """
    ends = [0, *accumulate(batch.tokens for batch in plan)]
    rows = [number for batch in plan for number in batch.numbers]
    befores = [0, *accumulate(len(batch.numbers) for batch in plan)]
    size = ends[-1] / count
    cuts = [0]
    for rank in range(1, count):
        goal = rank * size
        near = min(range(len(ends)), key=lambda end: abs(ends[end] - goal))
        if abs(ends[near] - goal) <= size / 4:
            cuts.append(befores[near])
        else:
            inside = bisect_right(ends, goal) - 1
            done = (goal - ends[inside]) / plan[inside].tokens
            cuts.append(befores[inside] + round(done * len(plan[inside].numbers)))
    return [rows[begin:end] for begin, end in pairwise([*cuts, len(rows)])]


def joined(
    parts: Sequence[States], shares: Sequence[Sequence[int]], encoded: Sequence[Encoded], *, one_origin: bool
) -> States:
    """The states of all of `encoded` from those of `shares` of it; a mean that serves two purposes in all of them still does.

    one_origin: as in `extract`, a state of position 0 is kept once for each token.
    """
    made: dict[tuple[int, ...], torch.Tensor] = {}

    def together(of: Callable[[States], torch.Tensor]) -> torch.Tensor:
        tensors = [of(part) for part in parts]
        key = tuple(map(id, tensors))
        if key not in made:
            layers, _, size = tensors[0].shape
            made[key] = torch.empty(layers, len(encoded), size, dtype=tensors[0].dtype)
            for rows, tensor in zip(shares, tensors, strict=True):
                made[key][:, rows] = tensor
        return made[key]

    head = parts[0]
    return States(
        head.layers,
        {pooling: together(partial(_mean, pooling)) for pooling in head.vectors},
        tuple(encoded),
        None if head.first is None else _first(parts, shares, encoded, together, one_origin=one_origin),
        None if head.neurons is None else together(lambda part: cast(torch.Tensor, part.neurons)),
    )


def _mean(pooling: Pooling, part: States) -> torch.Tensor:
    return part.vectors[pooling]


def _first(
    parts: Sequence[States],
    shares: Sequence[Sequence[int]],
    encoded: Sequence[Encoded],
    together: Callable[[Callable[[States], torch.Tensor]], torch.Tensor],
    *,
    one_origin: bool,
) -> FirstPosition:
    """What position 0 does, over all parts, in the order of `encoded`."""
    norms = [torch.empty(0)] * len(encoded)
    counts, which = [0] * len(encoded), [0] * len(encoded)
    origins: list[torch.Tensor] = []
    seen: dict[int, int] = {}
    for part, rows in zip(parts, shares, strict=True):
        first = cast(FirstPosition, part.first)
        for place, row in enumerate(rows):
            norms[row], counts[row] = first.norms[place], first.counts[place]
            known = encoded[row].ids[0] if one_origin else row
            if known not in seen:
                seen[known] = len(origins)
                origins.append(first.origins[:, first.which[place]])
            which[row] = seen[known]
    excluded = together(lambda part: cast(FirstPosition, part.first).excluded)
    return FirstPosition(tuple(norms), torch.stack(origins, dim=1), tuple(which), excluded, tuple(counts))
