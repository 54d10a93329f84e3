"""Hidden states of every layer for many words: a shared prefix runs once where it can, and words are pooled while it runs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import accumulate

import torch
from torch import nn

from tli_bench.base.errors import InputError
from tli_bench.models.body import block_outputs, depth_of, hidden_states
from tli_bench.models.trees import tree_states
from tli_bench.models.types import Model
from tli_bench.vectors.batches import Batch, bags, batches
from tli_bench.vectors.inputs import Encoded
from tli_bench.vectors.neurons import neuron_states
from tli_bench.vectors.pooling import mean_weights, rest_weights
from tli_bench.vectors.protocols import Pooling

Progress = Callable[[int, int], None]
"""Called with the number of sequences done and the total."""


@dataclass(frozen=True, slots=True)
class FirstPosition:
    """What position 0 does to a mean, from the same pass.

    norms: for each word, norms of its positions, float32 `[layers, tokens]`. origins: distinct states of position 0, float32
    `[layers, origins, dim]`, and which: the one of each word. excluded: mean over all positions but the first, float32
    `[layers, words, dim]`, where text around the word is left out; counts: how many these are. A word of one position does not
    have this mean and has zeros there.
    """

    norms: tuple[torch.Tensor, ...]
    origins: torch.Tensor
    which: tuple[int, ...]
    excluded: torch.Tensor
    counts: tuple[int, ...]

    def included(self, row: int) -> torch.Tensor:
        """Mean of one word over the same positions and the first, `[layers, dim]`."""
        return with_first(self.origins[:, self.which[row]], self.excluded[:, row], self.counts[row])


def with_first(first: torch.Tensor, rest: torch.Tensor, count: int | torch.Tensor) -> torch.Tensor:
    """The mean over a first position and `count` others whose mean is `rest`."""
    return (first + count * rest) / (count + 1)


@dataclass(frozen=True, slots=True)
class States:
    """Pooled hidden states.

    layers: names of the layers, `0` (embeddings), `1` ... `L-1`, then `Lp` (block L before the final norm, if the
    model has one) and `L`. vectors: for each pooling, float32 `[layers, words, dim]` on the CPU. encoded: the words as
    tokens. first: if it was asked for. neurons: which are active, as in `NeuronStates`, if they were asked for.
    """

    layers: tuple[str, ...]
    vectors: dict[Pooling, torch.Tensor]
    encoded: tuple[Encoded, ...] = ()
    first: FirstPosition | None = None
    neurons: torch.Tensor | None = None


def layer_names(depth: int, *, final_norm: bool) -> tuple[str, ...]:
    """Names of the hidden states of a model with `depth` blocks, in order."""
    names = [str(k) for k in range(depth)]
    return (*names, f"{depth}p", str(depth)) if final_norm else (*names, str(depth))


def layers_of(model: Model, count: int) -> tuple[str, ...]:
    """Names of the `count` hidden states that `all_layers` gave for a model."""
    depth = depth_of(model)
    return layer_names(depth, final_norm=count == depth + 2)


def all_layers(
    model: Model, ids: torch.Tensor, mask: torch.Tensor | None = None, *, before_norm: bool = True
) -> tuple[torch.Tensor, ...]:
    """Every hidden state of one batch, each `[batch, tokens, dim]`, in the order of `layer_names`.

    ids: `[batch, tokens]`; mask: attention mask of the same shape, or None when nothing is padded. Only the text body
    runs. The state before the final norm is left out when the model has no final norm, or if `before_norm` is false:
    the blocks found do not produce this model's hidden states (`probe`). Raises ModelError as `hidden_states` does.
    """
    return _with_last(model, lambda: hidden_states(model, ids, mask), before_norm=before_norm)


def layers_of_batch(model: Model, batch: Batch, *, before_norm: bool) -> tuple[torch.Tensor, ...]:
    """As `all_layers`, of a batch that may be a tree."""
    if batch.tree is None:
        ids = torch.tensor(batch.ids, device=next(model.parameters()).device)
        return all_layers(model, ids, before_norm=before_norm)
    return _with_last(model, partial(tree_states, model, batch.tree), before_norm=before_norm)


def _with_last(
    model: Model, run: Callable[[], tuple[torch.Tensor, ...]], *, before_norm: bool
) -> tuple[torch.Tensor, ...]:
    """The states that `run` gives, and before the last of them the last block's output where the final norm changes it."""
    with block_outputs(model, slice(-1, None) if before_norm else slice(0)) as seen:
        states = run()
    if not seen or seen[-1].shape != states[-1].shape:
        return states
    before = seen[-1].to(states[-1].device)
    if torch.equal(before, states[-1]):
        return states
    return (*states[:-1], before, states[-1])


@contextmanager
def evaluating(model: Model) -> Iterator[None]:
    """The model in evaluation mode; afterwards in the mode that it had."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


@torch.no_grad()
def extract(
    model: Model,
    encoded: Sequence[Encoded],
    *,
    poolings: Sequence[Pooling] = (Pooling.WORD_MEAN,),
    batch_size: int = 64,
    share: bool = False,
    first_position: bool = False,
    before_norm: bool = True,
    neurons: Sequence[nn.Module] = (),
    progress: Progress | None = None,
) -> States:
    """Pool the hidden states of every layer for every encoded word.

    Nothing is padded: sequences of one length run together, or trees of shared prefixes, so results do not depend on
    the batch size beyond rounding. share: whether trees may be used, which `probe_sharing` tells. The model is
    put in evaluation mode. first_position: also return what position 0 does, at the cost of at most one more mean. before_norm: as in
    `all_layers`. neurons: activation functions of the blocks, to return which neurons are active. `progress(done, total)` is
    called after each batch. Raises InputError if there are no words.
    """
    if not encoded:
        raise InputError("no words to extract hidden states for")
    if batch_size < 1:
        raise InputError(f"batch size {batch_size} is not positive; give at least 1")
    plan = _plan(encoded, poolings, first_position=first_position)
    rules = list(dict.fromkeys(plan.values()))
    weights = [partial(_weights, encoded, rule) for rule in rules]
    out: list[torch.Tensor] = []
    first = _First(encoded, share=share) if first_position else None
    count = done = 0
    with neuron_states(neurons, encoded) as excited, evaluating(model):
        sequences, device = [item.ids for item in encoded], next(model.parameters()).device.type
        for batch in batches(sequences, batch_size, share=share, device=device):
            states = layers_of_batch(model, batch, before_norm=before_norm)
            if neurons:
                excited.add(batch)
            count, rows = len(states), batch.numbers
            sums = bags(batch, weights, device=states[0].device)
            out = out or [torch.empty(count, len(encoded), states[0].shape[-1]) for _ in rules]
            # Elsewhere one copy to the CPU for all layers: each would wait for the device. Here that would be the result once more.
            step = 1 if device == "cpu" else count
            for begin in range(0, count, step):
                layers = slice(begin, begin + step)
                pooled = torch.stack([sums.pool(state) for state in states[layers]]).cpu()
                for kept, vectors in zip(out, pooled.split(len(rows), dim=1), strict=True):
                    kept[layers, rows] = vectors
            if first:
                first.add(batch, states)
            done += len(rows)
            if progress:
                progress(done, len(encoded))
    found = {name: out[rules.index(rule)] for name, rule in plan.items()}
    return States(
        layers_of(model, count),
        {pooling: found[pooling] for pooling in poolings},
        tuple(encoded),
        first.found(found["excluded"]) if first else None,
        excited.pooled,
    )


class _First:
    """Gathers what `FirstPosition` holds. share: the state of position 0 depends on its token alone, so that one of each is kept."""

    def __init__(self, encoded: Sequence[Encoded], *, share: bool) -> None:
        self._encoded = encoded
        numbers: dict[int, int] = {}
        self._which = tuple(
            numbers.setdefault(item.ids[0] if share else row, len(numbers)) for row, item in enumerate(encoded)
        )
        self._origins: dict[int, torch.Tensor] = {}
        # In one piece: small tensors of each word, made between the large ones of two batches, would keep theirs from being used again.
        self._norms = torch.empty(0)
        self._lengths = [len(item.ids) for item in encoded]
        self._starts = list(accumulate(self._lengths, initial=0))

    def add(self, batch: Batch, states: Sequence[torch.Tensor]) -> None:
        """Read what a batch that has just run found."""
        norms = torch.stack([state.float().norm(dim=-1).flatten() for state in states]).cpu()
        if not self._norms.numel():
            self._norms = torch.empty(len(states), self._starts[-1])
        new: dict[int, int] = {}
        for row, places in zip(batch.numbers, batch.places, strict=True):
            self._norms[:, self._starts[row] : self._starts[row + 1]] = norms[:, list(places)]
            if self._which[row] not in self._origins:
                new.setdefault(self._which[row], places[0])
        if new:
            at = [*new.values()]
            kept = torch.stack([state.reshape(-1, state.shape[-1])[at].float() for state in states]).cpu()
            self._origins |= {number: kept[:, place] for place, number in enumerate(new)}

    def found(self, excluded: torch.Tensor) -> FirstPosition:
        """Everything, once all batches have run."""
        origins = torch.stack([self._origins[number] for number in range(len(self._origins))], dim=1)
        counts = tuple(len(item.ids) - 1 - sum(item.frame[1:]) for item in self._encoded)
        return FirstPosition(self._norms.split(self._lengths, dim=1), origins, self._which, excluded, counts)


_REST = "rest"


def _plan(encoded: Sequence[Encoded], poolings: Sequence[Pooling], *, first_position: bool) -> dict[str, str]:
    """Which weighting makes each wanted mean; two means with the same weights for every word are made and kept once."""
    plan: dict[str, str] = {pooling: pooling for pooling in poolings}
    if first_position:
        shared = all(_rest_is_the_word(item) for item in encoded) and Pooling.WORD_MEAN in poolings
        plan["excluded"] = Pooling.WORD_MEAN if shared else _REST
    return plan


def _weights(encoded: Sequence[Encoded], rule: str, row: int) -> list[float]:
    if rule == _REST:
        return rest_weights(encoded[row])
    return mean_weights(encoded[row], Pooling(rule))


def _rest_is_the_word(item: Encoded) -> bool:
    """Whether all positions but the first are the word's own, or text around it."""
    frame = item.frame or (False,) * len(item.word)
    return not item.word[0] and all(a or b for a, b in zip(item.word[1:], frame[1:], strict=True))
