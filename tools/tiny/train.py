"""Train the embedded model from scratch on generated text: seeded, resumable, minutes on two cores."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from tools.tiny.text import World, lines, settled

CHUNK_LINES = 20_000
BOS = 0


@dataclass(frozen=True)
class Plan:
    """Shape and schedule.

    settle: the last part of the steps, in which the rate falls to zero, the softmax sees the whole vocabulary, and
    every listed word is followed by its language's `and`: this makes the output stay in one language, as in real
    models. Before it the rate is constant and the softmax sees only the batch's own tokens and `negatives` random
    ones, which is several times faster.
    sink: when the last part begins, the embedding of BOS is made that many times longer and kept there, and the rest of the
    model settles around it. Llamas carry such a vector at their first position from block 1 or 2 on
    (massive activations, Sun et al. 2024; attention sinks, Xiao et al. 2023); a model this small grows only a weak one.
    """

    width: int = 128
    layers: int = 6
    heads: int = 4
    kv_heads: int = 2
    ffn: int = 320
    vocabulary: int = 26_000
    steps: int = 5_500
    batch: int = 48
    length: int = 32
    rate: float = 3e-3
    decay: float = 0.1
    warmup: int = 100
    settle: float = 0.2
    sink: float = 100.0
    negatives: int = 1_024
    seed: int = 7


def new_model(plan: Plan, vocabulary: int) -> LlamaForCausalLM:
    """A random Llama of the plan's shape, embeddings tied."""
    torch.manual_seed(plan.seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=plan.width,
            intermediate_size=plan.ffn,
            num_hidden_layers=plan.layers,
            num_attention_heads=plan.heads,
            num_key_value_heads=plan.kv_heads,
            max_position_embeddings=256,
            tie_word_embeddings=True,
            bos_token_id=0,
            eos_token_id=1,
        )
    )


def chunk(world: World, tokenizer: PreTrainedTokenizerFast, plan: Plan, stream: str) -> list[torch.Tensor]:
    """Batches `[batch, length]` of one stream: lines packed after one BOS, an EOS after each, the tail EOS too."""
    text = list(lines(world, CHUNK_LINES, stream=stream))
    encoded = tokenizer(text, add_special_tokens=False)["input_ids"]
    rows, row = [], [0]
    for ids in encoded:
        if len(row) + len(ids) + 1 > plan.length:
            rows.append((row + [1] * plan.length)[: plan.length])
            row = [0]
        row += [*ids[: plan.length - 2], 1]
    random.Random(stream).shuffle(rows)
    whole = len(rows) - len(rows) % plan.batch
    return list(torch.tensor(rows[:whole]).split(plan.batch))


def loss_of(model: LlamaForCausalLM, batch: torch.Tensor, plan: Plan, *, sampled: bool, seed: int) -> torch.Tensor:
    """Next-token cross-entropy; the EOS tail of a row is not scored."""
    states = model.model(batch).last_hidden_state[:, :-1]
    inputs, targets = batch[:, :-1], batch[:, 1:]
    scored = ~((targets == 1) & (inputs == 1))
    weight, states, targets = model.lm_head.weight, states[scored], targets[scored]
    if sampled:
        generator = torch.Generator().manual_seed(seed)
        negatives = torch.randint(len(weight), (plan.negatives,), generator=generator).to(weight.device)
        candidates, position = torch.cat([targets, negatives]).unique(return_inverse=True)
        weight, targets = weight[candidates], position[: len(targets)]
    return functional.cross_entropy(states @ weight.T, targets)


@torch.no_grad()
def _pin(model: LlamaForCausalLM, vector: torch.Tensor) -> None:
    model.model.embed_tokens.weight[BOS] = vector


def _rate(step: int, plan: Plan) -> float:
    warm = min(1.0, (step + 1) / plan.warmup)
    left = (plan.steps - step) / (plan.settle * plan.steps)
    return plan.rate * warm * min(1.0, left)


def _batches(
    world: World, tokenizer: PreTrainedTokenizerFast, plan: Plan, start: int
) -> Iterator[tuple[int, torch.Tensor]]:
    """(step, batch) from `start` to the last; what a step sees does not depend on where we start."""
    step = 0
    for phase, told, end in (("learn", world, settles_at(plan)), ("settle", settled(world), plan.steps)):
        index = 0
        while step < end:
            for batch in chunk(told, tokenizer, plan, f"{phase}-{index}")[: end - step]:
                if step >= start:
                    yield step, batch
                step += 1
            index += 1


def settles_at(plan: Plan) -> int:
    """First step of the last phase."""
    return round(plan.steps * (1 - plan.settle))


def train(
    world: World,
    tokenizer: PreTrainedTokenizerFast,
    plan: Plan,
    *,
    work: Path,
    device: str = "cpu",
    report: Callable[[int, float, LlamaForCausalLM, float], None],
    report_every: int = 250,
) -> LlamaForCausalLM:
    """Train, writing a checkpoint to `work` at every report; a checkpoint of the same plan is resumed."""
    model = new_model(plan, len(tokenizer)).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=plan.rate, betas=(0.9, 0.95), weight_decay=plan.decay)
    checkpoint, start = work / "checkpoint.pt", 0
    if checkpoint.is_file():
        saved = torch.load(checkpoint, weights_only=True, map_location=device)
        if saved["plan"] == asdict(plan):
            model.load_state_dict(saved["model"])
            optimizer.load_state_dict(saved["optimizer"])
            start = saved["step"]
    began = time.monotonic()
    model.train()
    sink: torch.Tensor | None = None
    for step, batch in _batches(world, tokenizer, plan, start):
        for group in optimizer.param_groups:
            group["lr"] = _rate(step, plan)
        if step >= settles_at(plan) and sink is None:
            row = model.model.embed_tokens.weight[BOS].detach().clone()
            sink = row if step > settles_at(plan) else plan.sink * row
            _pin(model, sink)
        loss = loss_of(model, batch.to(device), plan, sampled=step < settles_at(plan), seed=step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if sink is not None:
            model.model.embed_tokens.weight.grad[BOS] = 0.0
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if sink is not None:
            _pin(model, sink)
        if (step + 1) % report_every == 0:
            model.eval()
            report(step + 1, loss.item(), model, time.monotonic() - began)
            model.train()
            state = {
                "plan": asdict(plan),
                "step": step + 1,
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
            }
            torch.save(state, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)
    return model.cpu().eval()
