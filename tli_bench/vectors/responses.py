"""What the model answers to a `hidden_states` request: small objects, because lm-eval logs and gathers them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from tli_bench.models.identity import MeasuredModel, State
from tli_bench.vectors.inputs import Encoded

if TYPE_CHECKING:
    from tli_bench.vectors.placebos import Placebos


@dataclass(frozen=True, slots=True)
class PairSink:
    """What position 0 does to one word pair.

    norms: of every position of the source and of the target, each `[layers, tokens]`. cosines: of the pair's means over
    all positions and over all but the first, `[layers, 2]`; NaN if a word has no other position.
    """

    norms: tuple[torch.Tensor, torch.Tensor]
    cosines: torch.Tensor


class PairVectors(Mapping[State, torch.Tensor]):
    """Vectors of one pair in each state, float32 `[layers, 2, dim]`, source then target.

    They are put together when they are read: until then they are the cache's own, so that a pool is in memory once. A copy in
    another process or in a file holds the pair's numbers alone.
    """

    __slots__ = ("_sides",)

    def __init__(self, sides: Mapping[State, Sequence[torch.Tensor]]) -> None:
        self._sides = sides

    def __getitem__(self, state: State) -> torch.Tensor:
        return torch.stack(list(self._sides[state]), dim=1)

    def at(self, state: State, layer: int) -> torch.Tensor:
        """As `at_layer`."""
        return torch.stack([side[layer] for side in self._sides[state]])

    def __iter__(self) -> Iterator[State]:
        return iter(self._sides)

    def __len__(self) -> int:
        return len(self._sides)

    def __reduce__(self) -> tuple[type[dict[State, torch.Tensor]], tuple[dict[State, torch.Tensor]]]:
        return dict, (dict(self),)


def at_layer(vectors: Mapping[State, torch.Tensor], state: State, layer: int) -> torch.Tensor:
    """A pair's vectors in one state at one layer, by its number, float32 `[2, dim]`; the other layers are not put together."""
    return vectors.at(state, layer) if isinstance(vectors, PairVectors) else vectors[state][layer]


@dataclass(frozen=True, slots=True)
class ProtocolStates:
    """One word pair under one protocol.

    vectors: for `base` and, with an adapter, `adapted` and perhaps `twin`: float32 `[layers, 2, dim]`, source then target.
    last: the same for the word's last token, only where the protocol asks for it. first_pooled: whether position 0 is part of a
    vector.
    neurons: active feed-forward neurons, float16 `[blocks, 2, neurons]`, if they were asked for and can be told.
    tokens: number of the source's and of the target's own tokens; dropped: how many more each had than the model reads.
    encoded: source and target as they were run, or nothing where that is not known.
    """

    vectors: Mapping[State, torch.Tensor]
    last: Mapping[State, torch.Tensor]
    sinks: dict[State, PairSink]
    first_pooled: bool
    tokens: tuple[int, int]
    dropped: tuple[int, int] = (0, 0)
    encoded: tuple[Encoded, ...] = ()
    neurons: dict[State, torch.Tensor] = field(default_factory=dict)

    def own_norms(self, state: State) -> list[torch.Tensor]:
        """Norms of the own tokens of the source and of the target, each `[layers, own tokens]`."""
        both = zip(self.sinks[state].norms, self.encoded, strict=True)
        return [norms[:, torch.tensor(word.word)] for norms, word in both]


@dataclass(frozen=True, slots=True, repr=False)
class PairStates:
    """Pooled states of one word pair: layer names, and what was measured under each protocol id.

    key: digest of everything that determined them (model, adapter, tokenizer, protocols, texts); equal keys mean equal answers.
    placebos: who answers the same words under random weights; None without an adapter, and where the model cannot be asked.
    causal: whether no position of the model sees a later one.
    """

    layers: tuple[str, ...]
    protocols: dict[str, ProtocolStates] = field(compare=False)
    model: MeasuredModel = field(compare=False)
    key: str
    placebos: "Placebos | None" = field(default=None, compare=False)
    causal: bool = field(default=True, compare=False)

    @property
    def states(self) -> tuple[State, ...]:
        """`base` and, with an adapter, `adapted` and perhaps `twin`."""
        return tuple(next(iter(self.protocols.values())).vectors)

    def __repr__(self) -> str:
        return f"PairStates({'+'.join(self.states)}, {len(self.layers)} layers)"
