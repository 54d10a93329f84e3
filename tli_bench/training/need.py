"""What memory scoring and training need, from a configuration alone: the real steps run on tensors that hold nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, cast

import torch
from torch import nn
from torch.nn import functional

from tli_bench.models.body import depth_of, hidden_states, text_config
from tli_bench.models.families import Config, shares_prefixes
from tli_bench.models.first import first_skeleton, shortened
from tli_bench.models.footprint import Footprint, footprint
from tli_bench.models.gate import SHUFFLES, known_text
from tli_bench.models.load import DTYPES, LoadedModel
from tli_bench.models.partial import First
from tli_bench.models.skeleton import peak_of, pretended, skeleton
from tli_bench.models.types import Model, Tokenizer
from tli_bench.training.adapt import train_weights, with_lora
from tli_bench.training.data import LARGEST_TREE
from tli_bench.training.first import first_blocks_do
from tli_bench.training.objective import target_states
from tli_bench.training.recipe import Recipe
from tli_bench.training.retention import SAMPLED_TOKENS, Retention
from tli_bench.training.sharing import drops
from tli_bench.training.targets import Target, resolve_targets
from tli_bench.vectors.batches import CPU_NODES, NODES

DEEPEST = 12
"""Deeper models are run with half as many blocks and with as many, and the rest follows: every further block adds the same."""
COPIES = 4
"""Of the states of a pair on the CPU: in the cache and in the pool that is scored, for the base and for an adapter."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What runs at one time. words: in a batch of scoring; tokens: of a word, with what stands around it; own: of these, those that
    other words do not share.

    sentence: tokens of a sentence of the sanity gate. scored: words of both sides of a pair, whose states are kept on the CPU.
    on_gpu: trees are larger there, and an optimizer step takes one more copy of what is trained.
    """

    words: int = 256
    tokens: int = 8
    own: float = 4
    sentence: int = 18
    scored: int = 3100
    on_gpu: bool = True

    @property
    def nodes(self) -> int:
        """Tokens of one tree of prefixes."""
        return NODES * self.words if self.on_gpu else min(NODES * self.words, CPU_NODES)


class Need(NamedTuple):
    """Bytes. weights: as loaded, a frozen copy included where one is kept; adapter: LoRA; state: gradients and moments of AdamW;
    activations: whatever else is on the device at the worst moment; host: on the CPU besides.

    block: weights of the largest block, which no split over devices divides; trained: how many numbers receive gradient.
    """

    weights: int
    adapter: int
    state: int
    activations: int
    host: int
    block: int
    trained: int = 0

    @property
    def total(self) -> int:
        """All that is on the device at the worst moment."""
        return self.weights + self.adapter + self.state + self.activations


Quantisation = str | None
Needs = dict[Quantisation, Need]


def scoring_needs(
    config: Config,
    *,
    dtype: str,
    quantizations: Sequence[Quantisation] = (None,),
    work: Workload,
    blocks: int | None = None,
) -> Needs:
    """Of `tli-bench run` on words: the sanity gate and hidden states of every layer, or of the first `blocks` blocks alone.

    Raises ModelError for a configuration that no model can be built from, InputError for more blocks than there are.
    """
    kind = DTYPES[dtype]
    whole = skeleton(config, dtype=kind)
    depth = blocks or depth_of(whole)

    def at(few: int) -> int:
        model = _of_depth(config, few, kind, first=blocks is not None)
        with pretended(model) as live, torch.no_grad():
            gate = peak_of(partial(_gate, live, work)) if blocks is None else 0
            return max(gate, peak_of(partial(_extract, live, work)))

    model = whole if blocks is None else first_skeleton(config, blocks, dtype=kind)
    peak, states = _extrapolated(depth, at), 4 * (depth + 2) * work.scored * text_config(whole).hidden_size
    found = {}
    for quantize in quantizations:
        size = footprint(model, dtype=kind, quantize=quantize)
        found[quantize] = Need(size.weights, 0, 0, peak + size.matrix, states * COPIES, size.block)
    return found


def training_needs(
    config: Config, recipe: Recipe, *, dtype: str, quantizations: Sequence[Quantisation] = (None,), work: Workload
) -> Needs:
    """Of `tli-bench train`; where the recipe asks for nothing above its loss, of the blocks below it alone.

    Quantised weights are left out of full fine-tuning. Raises as `scoring_needs`, and InputError for a layer that the model does
    not have.
    """
    kind = DTYPES[dtype]
    whole = skeleton(config, dtype=kind)
    targets, total = resolve_targets(whole, recipe.layer), depth_of(whole)
    deepest = max(target.block for target in targets)
    first = first_blocks_do(recipe, deepest, total)
    trained: dict[int, tuple[int, int]] = {}

    def at(few: int) -> int:
        below = few if first or deepest == total else min(deepest, few)
        places = [Target(t.name, min(t.block, below) if t.block < deepest else below, t.after_norm) for t in targets]
        model = _of_depth(config, few, kind, first=first)
        with torch.device("meta"):
            ready = _trainable(model, recipe, below, dtype, whole if first else None)
        with pretended(ready) as live:
            own = [p for p in live.parameters() if p.requires_grad]
            trained[few] = (sum(p.numel() for p in own), sum(p.numel() * p.element_size() for p in own))
            step = peak_of(partial(_step, live, own, places, recipe, work))
            return max(step, peak_of(partial(_dev_words, live, places, work)))

    depth = deepest if first else total
    peak = _extrapolated(depth, at, exact=not first and DEEPEST // 2 < deepest < total)
    if len(trained) == 1:
        ((numbers, held),) = trained.values()
    else:
        numbers = _extrapolated(depth, lambda few: trained[few][0])
        held = _extrapolated(depth, lambda few: trained[few][1])
    model = first_skeleton(config, deepest, dtype=kind) if first else whole
    sizes = {q: footprint(model, dtype=kind, quantize=q) for q in quantizations if q is None or recipe.kind == "lora"}
    return {q: _summed(recipe, size, peak, numbers, held, on_gpu=work.on_gpu) for q, size in sizes.items()}


def _summed(recipe: Recipe, size: Footprint, peak: int, numbers: int, held: int, *, on_gpu: bool) -> Need:
    """peak: of a step, gradients included; numbers, held: what is trained, and its bytes."""
    full = recipe.kind == "full"
    # A step of AdamW has gradients and moments at once, and on a GPU one more copy of what it steps.
    beyond = max(peak - held, held if on_gpu else 0)
    reference = size.weights if full and recipe.retention != "none" else 0
    return Need(
        weights=size.weights + reference,
        adapter=0 if full else held,
        state=3 * held,
        activations=beyond + size.matrix,
        # To put a fully fine-tuned base back afterwards.
        host=held if full else 0,
        block=size.block,
        trained=numbers,
    )


def _of_depth(config: Config, blocks: int, dtype: torch.dtype, *, first: bool) -> Model:
    if first:
        return first_skeleton(config, blocks, dtype=dtype)
    whole = skeleton(config, dtype=dtype)
    return whole if depth_of(whole) == blocks else skeleton(shortened(config, blocks), dtype=dtype)


def _extrapolated(depth: int, at: Callable[[int], int], *, exact: bool = False) -> int:
    """`at(depth)`, from two shallower models where it is deep."""
    if exact or depth <= DEEPEST:
        return at(depth)
    few, more = DEEPEST // 2, DEEPEST
    low, high = at(few), at(more)
    return high + round((high - low) / (more - few) * (depth - more))


def _trainable(model: Model, recipe: Recipe, depth: int, dtype: str, whole: Model | None) -> Model:
    """A skeleton with what the recipe trains switched on; whole: what it was cut from, where it is the first blocks alone."""
    if recipe.kind == "full":
        train_weights(model, depth)
        return model
    # Before its words, training asks a tokenizer nothing.
    cut_from = None if whole is None else First(depth_of(model), depth_of(whole), whole.num_parameters())
    loaded = LoadedModel(model, cast(Tokenizer, None), "planned", "", "", dtype, None, "cpu", first=cut_from)
    return with_lora(loaded, recipe, depth=depth, seed=0).model


def _gate(model: Model, work: Workload) -> None:
    """As the sanity gate runs a causal model: every sentence and its shuffles at once."""
    if model.get_output_embeddings() is None:
        return
    ids = torch.zeros(len(known_text("")) * (1 + SHUFFLES), work.sentence, dtype=torch.long)
    logits = model(input_ids=ids).logits.float()
    functional.cross_entropy(logits[:, :-1].transpose(1, 2), ids[:, 1:], reduction="none")


def _extract(model: Model, work: Workload) -> None:
    """As words run: one tree, or a batch of words side by side."""
    if shares_prefixes(text_config(model)):
        states = hidden_states(model, torch.zeros(work.words, work.tokens, dtype=torch.long))
    else:
        ids = torch.zeros(1, work.nodes, dtype=torch.long)
        mask = torch.zeros(1, 1, work.nodes, work.nodes, dtype=model.dtype)
        states = hidden_states(model, ids, mask, torch.zeros_like(ids))
    [state.float().norm(dim=-1) for state in states]


@torch.no_grad()
def _dev_words(model: Model, places: list[Target], work: Workload) -> None:
    """As the dev words are scored before, during and after a training: side by side, padded."""
    ids = torch.zeros(work.words, work.tokens, dtype=torch.long)
    [state.float() for state in target_states(model, ids, torch.ones_like(ids), places)]


def _step(model: Model, own: list[nn.Parameter], places: list[Target], recipe: Recipe, work: Workload) -> None:
    """One batch forth and back, as the objective runs it."""
    words = 2 * recipe.batch_size
    if not shares_prefixes(text_config(model)) and not drops(model) and words * work.tokens <= LARGEST_TREE:
        nodes = round(words * work.own + work.tokens - work.own)
        ids = torch.zeros(1, nodes, dtype=torch.long)
        mask = torch.zeros(1, 1, nodes, nodes)
        states = target_states(model, ids, mask, places, positions=torch.zeros_like(ids))
    else:
        ids = torch.zeros(words, work.tokens, dtype=torch.long)
        states = target_states(model, ids, torch.ones_like(ids), places)
    loss = torch.stack([state.float().mean(dim=1).square().sum() for state in states]).sum()
    if recipe.retention != "none":
        # The frozen copy that full fine-tuning compares with is counted among the weights.
        retention = Retention(recipe.retention, model if recipe.kind == "full" else None)
        text = torch.zeros(recipe.retention_lines, SAMPLED_TOKENS + 1, dtype=torch.long)
        loss = loss + retention(model, places, text, torch.ones_like(text))
    torch.autograd.grad(loss, own, allow_unused=True)  # an encoder's pooler is not reached
