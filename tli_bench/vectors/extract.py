"""Hidden states of every layer for many words: one pass a distinct token sequence, pooled while it runs."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from tli_bench.base.errors import InputError, ModelError
from tli_bench.models.body import body_of, last_block_output, text_config
from tli_bench.models.types import Model
from tli_bench.vectors.inputs import Encoded
from tli_bench.vectors.pooling import pooling_weights, rest_weights
from tli_bench.vectors.protocols import Pooling

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class FirstPosition:
    """What position 0 does to a mean, from the same pass.

    norms: for each word, norms of its positions, float32 `[layers, tokens]`. included, excluded: mean over all
    positions and over all but the first, float32 `[layers, words, dim]`; a word of one position has no second mean and
    holds zeros there.
    """

    norms: tuple[torch.Tensor, ...]
    included: torch.Tensor
    excluded: torch.Tensor


@dataclass(frozen=True, slots=True)
class States:
    """Pooled hidden states.

    layers: names of the layers, `0` (embeddings), `1` ... `L-1`, then `Lp` (block L before the final norm, where the
    model has one) and `L`. vectors: for each pooling, float32 `[layers, words, dim]` on the CPU. encoded: the words as
    tokens. first: where it was asked for.
    """

    layers: tuple[str, ...]
    vectors: dict[Pooling, torch.Tensor]
    encoded: tuple[Encoded, ...] = ()
    first: FirstPosition | None = None


def layer_names(depth: int, *, final_norm: bool) -> tuple[str, ...]:
    """Names of the hidden states of a model with `depth` blocks, in order."""
    names = [str(k) for k in range(depth)]
    return (*names, f"{depth}p", str(depth)) if final_norm else (*names, str(depth))


def all_layers(model: Model, ids: torch.Tensor, mask: torch.Tensor | None = None) -> tuple[torch.Tensor, ...]:
    """Every hidden state of one batch, each `[batch, tokens, dim]`, in the order of `layer_names`.

    ids: `[batch, tokens]`; mask: attention mask of the same shape, or None when nothing is padded. Only the base
    model runs. The state before the final norm is left out when the model has no final norm.
    """
    mask = torch.ones_like(ids) if mask is None else mask
    with last_block_output(model) as seen:
        output = body_of(model)(input_ids=ids, attention_mask=mask, output_hidden_states=True, **_no_cache(model))
    states = tuple(output.hidden_states)
    depth = text_config(model).num_hidden_layers
    if len(states) != depth + 1:
        raise ModelError(f"the model gave {len(states)} hidden states for {depth} blocks; expected {depth + 1}")
    if torch.equal(seen[-1], states[-1]):
        return states
    return (*states[:-1], seen[-1], states[-1])


def _no_cache(model: Model) -> dict[str, Any]:
    return {"use_cache": False} if hasattr(text_config(model), "use_cache") else {}


def _batches(encoded: Sequence[Encoded], batch_size: int) -> Iterator[tuple[list[int], list[tuple[int, ...]]]]:
    """Rows and ids of batches whose sequences all have the same length, so that nothing is ever padded."""
    buckets: dict[int, list[int]] = defaultdict(list)
    for row, item in enumerate(encoded):
        buckets[len(item.ids)].append(row)
    for length in sorted(buckets):
        rows = buckets[length]
        for start in range(0, len(rows), batch_size):
            part = rows[start : start + batch_size]
            yield part, [encoded[row].ids for row in part]


@torch.no_grad()
def extract(
    model: Model,
    encoded: Sequence[Encoded],
    *,
    poolings: Sequence[Pooling] = (Pooling.WORD_MEAN,),
    batch_size: int = 64,
    first_position: bool = False,
    progress: Progress | None = None,
) -> States:
    """Pool the hidden states of every layer for every encoded word.

    Sequences are bucketed by exact length, so results do not depend on the batch size beyond rounding. The model is
    put in evaluation mode. first_position: also tell what position 0 does, for one more mean or two.
    `progress(done, total)` is called after each batch. Raises InputError without words.
    """
    if not encoded:
        raise InputError("no words to extract hidden states for")
    if batch_size < 1:
        raise InputError(f"batch size {batch_size} is not positive")
    was_training, device = model.training, next(model.parameters()).device
    model.eval()
    plan = _plan(encoded, poolings, first_position=first_position)
    rules = list(dict.fromkeys(plan.values()))
    out: list[torch.Tensor] = []
    norms: list[torch.Tensor] = [torch.empty(0)] * len(encoded)
    count = done = 0
    try:
        for rows, ids in _batches(encoded, batch_size):
            states = all_layers(model, torch.tensor(ids, device=device))
            count = len(states)
            weights = torch.stack([torch.stack([_weights(encoded[row], r) for r in rules]) for row in rows]).to(device)
            out = out or [torch.empty(count, len(encoded), states[0].shape[-1]) for _ in rules]
            lengths = []
            for layer, state in enumerate(states):
                floats = state.float()
                pooled = torch.einsum("brt,btd->rbd", weights, floats).cpu()
                for kept, vectors in zip(out, pooled, strict=True):
                    kept[layer, rows] = vectors
                if first_position:
                    lengths.append(floats.norm(dim=-1).cpu())
            if first_position:
                for row, one in zip(rows, torch.stack(lengths, dim=1), strict=True):
                    norms[row] = one
            done += len(rows)
            if progress:
                progress(done, len(encoded))
    finally:
        model.train(was_training)
    found = {name: out[rules.index(rule)] for name, rule in plan.items()}
    depth = text_config(model).num_hidden_layers
    return States(
        layer_names(depth, final_norm=count == depth + 2),
        {pooling: found[pooling] for pooling in poolings},
        tuple(encoded),
        FirstPosition(tuple(norms), found["included"], found["excluded"]) if first_position else None,
    )


_REST = "rest"


def _plan(encoded: Sequence[Encoded], poolings: Sequence[Pooling], *, first_position: bool) -> dict[str, str]:
    """Which weighting gives each wanted mean; two means that weigh every word alike are made and kept once."""
    plan: dict[str, str] = {pooling: pooling for pooling in poolings}
    if first_position:
        framed_by_bos_alone = all(not item.word[0] and all(item.word[1:]) for item in encoded)
        shared = framed_by_bos_alone and Pooling.WORD_MEAN in poolings
        plan |= {"included": Pooling.ALL_MEAN, "excluded": Pooling.WORD_MEAN if shared else _REST}
    return plan


def _weights(item: Encoded, rule: str) -> torch.Tensor:
    return rest_weights(item) if rule == _REST else pooling_weights(item, Pooling(rule))
