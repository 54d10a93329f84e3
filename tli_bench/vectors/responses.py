"""What the model answers to a `hidden_states` request: small objects, because lm-eval logs and gathers them."""

from dataclasses import dataclass, field

import torch

from tli_bench.models.identity import MeasuredModel, State


@dataclass(frozen=True, slots=True)
class PairSink:
    """What position 0 does to one word pair.

    norms: of every position of the source and of the target, each `[layers, tokens]`. cosines: of the pair's means over
    all positions and over all but the first, `[layers, 2]`; NaN if a word has no other position.
    """

    norms: tuple[torch.Tensor, torch.Tensor]
    cosines: torch.Tensor


@dataclass(frozen=True, slots=True)
class ProtocolStates:
    """One word pair under one protocol.

    vectors: for `base` and, with an adapter, `adapted`: float32 `[layers, 2, dim]`, source then target. last: the same
    for the word's last token, only under the protocol `words`. first_pooled: whether position 0 is part of a vector.
    neurons: active feed-forward neurons, float16 `[blocks, 2, neurons]`, if they were asked for and can be told.
    tokens: number of the source's and of the target's own tokens; dropped: how many more each had than the model reads.
    """

    vectors: dict[State, torch.Tensor]
    last: dict[State, torch.Tensor]
    sinks: dict[State, PairSink]
    first_pooled: bool
    tokens: tuple[int, int]
    dropped: tuple[int, int] = (0, 0)
    neurons: dict[State, torch.Tensor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False)
class PairStates:
    """Pooled states of one word pair: layer names, and what was measured under each protocol id.

    key: digest of everything that determined them (model, adapter, tokenizer, protocols, texts); equal keys mean equal answers.
    """

    layers: tuple[str, ...]
    protocols: dict[str, ProtocolStates] = field(compare=False)
    model: MeasuredModel = field(compare=False)
    key: str

    @property
    def states(self) -> tuple[State, ...]:
        """`base` and, with an adapter, `adapted`."""
        return tuple(next(iter(self.protocols.values())).vectors)

    def __repr__(self) -> str:
        return f"PairStates({'+'.join(self.states)}, {len(self.layers)} layers)"
