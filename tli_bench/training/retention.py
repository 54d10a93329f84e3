"""Retention: keep what the model does with ordinary text as it was, so that its other abilities survive."""

import copy
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from tli_bench.base.errors import InputError
from tli_bench.models import adapter_disabled
from tli_bench.models.body import family
from tli_bench.models.probe import is_causal
from tli_bench.models.types import Model, Tokenizer
from tli_bench.training.objective import target_states
from tli_bench.training.targets import Target


def kl(adapted: Tensor, base: Tensor, mask: Tensor) -> Tensor:
    """Mean over real tokens of KL(base || adapted) of the next-token distributions, in nats.

    adapted, base: logits `[lines, tokens, vocabulary]`; mask: attention mask `[lines, tokens]`.
    """
    mask = mask.to(adapted.device)
    divergence = functional.kl_div(
        adapted.float().log_softmax(-1), base.float().log_softmax(-1), log_target=True, reduction="none"
    ).sum(-1)
    return (divergence * mask).sum() / mask.sum()


def hidden_distance(adapted: Tensor, base: Tensor, mask: Tensor) -> Tensor:
    """Squared distance of the hidden states over the squared norm of the base's, each summed over real tokens.

    The first position is left out: in many models its norm dwarfs all others, and nothing else would count.
    """
    real = mask[:, 1:, None].to(adapted.device)
    moved = ((adapted[:, 1:].float() - base[:, 1:].float()).square() * real).sum()
    return moved / (base[:, 1:].float().square() * real).sum()


class Retention(nn.Module):
    """The retention term of one batch of text, relative to the base: the adapter switched off, or a frozen copy."""

    def __init__(self, kind: Literal["kl", "hidden"], reference: Model | None) -> None:
        super().__init__()
        self.kind = kind
        self.reference = reference

    def forward(self, model: Model, targets: Sequence[Target], ids: Tensor, mask: Tensor) -> Tensor:
        """Divergence from the base on `ids` `[lines, tokens]`."""
        if self.kind == "kl":
            now = model(input_ids=ids, attention_mask=mask).logits
            with torch.no_grad(), _base(model, self.reference) as base:
                then = base(input_ids=ids, attention_mask=mask).logits
            return kl(now, then, mask)
        states = target_states(model, ids, mask, targets)
        with torch.no_grad(), _base(model, self.reference) as base:
            before = target_states(base, ids, mask, targets)
        terms = [hidden_distance(a, b, mask) for a, b in zip(states, before, strict=True)]
        return torch.stack(terms).mean()


def build_retention(kind: Literal["none", "kl", "hidden"], model: Model) -> Retention | None:
    """The term a recipe asks for; full fine-tuning keeps a frozen copy of the base, which doubles its memory."""
    if kind == "none":
        return None
    reference = None if hasattr(model, "disable_adapter") else copy.deepcopy(model).requires_grad_(False).eval()
    return Retention(kind, reference)


@contextmanager
def _base(model: Model, reference: Model | None) -> Iterator[Model]:
    if reference is not None:
        yield reference
        return
    # Switching an adapter off and on again marks all of it as trainable, even what lies above the loss.
    flags = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    try:
        with adapter_disabled(model):
            yield model
    finally:
        for parameter, flag in flags:
            parameter.requires_grad_(flag)


@torch.no_grad()
def perplexity_rise(
    adapted: Model, text: Sequence[Sequence[int]], *, base: Model | None, batch_size: int = 64
) -> float:
    """By what share the perplexity per token of text that the base wrote rises: exp of the mean KL(base || adapted), minus 1.

    text: token ids, all lines of one length. base: the untrained model, None for an adapter that can be switched off.
    """
    device, total = next(adapted.parameters()).device, 0.0
    term = Retention("kl", base)
    for start in range(0, len(text), batch_size):
        ids = torch.tensor(text[start : start + batch_size], device=device)
        total += float(term(adapted, (), ids, torch.ones_like(ids))) * len(ids)
    return math.expm1(total / len(text))


SAMPLED_LINES, SAMPLED_TOKENS = 512, 24


def writes_text(model: Model, tokenizer: Tokenizer) -> bool:
    """Whether a model predicts next tokens and its tokenizer has one to begin with."""
    return _start(tokenizer) is not None and family(model).head == "causal" and is_causal(model)


def _start(tokenizer: Tokenizer) -> int | None:
    return tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id


@torch.no_grad()
def sample_text(model: Model, tokenizer: Tokenizer, *, seed: int, batch_size: int = 64) -> tuple[tuple[int, ...], ...]:
    """Ordinary text for retention when none is given: `SAMPLED_LINES` lines generated by the base itself, as token ids.

    Each starts with the tokenizer's BOS (or EOS, if there is no BOS) and is sampled at temperature 1, seeded.
    Raises InputError for a model that cannot generate, or whose logits are not finite.
    """
    start = _start(tokenizer)
    if start is None or not writes_text(model, tokenizer):
        raise InputError("this model cannot generate text, so retention needs text from you: give --retain-text FILE")
    device, was_training = next(model.parameters()).device, model.training
    model.eval()
    lines: list[tuple[int, ...]] = []
    try:
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(seed)
            while len(lines) < SAMPLED_LINES:
                ids = torch.full((batch_size, 1), start, device=device)
                for row in _speak(model, ids).tolist():
                    lines.append(tuple(row))
    finally:
        model.train(was_training)
    return tuple(lines[:SAMPLED_LINES])


def _speak(model: Model, ids: Tensor) -> Tensor:
    """`ids` `[lines, 1]` and `SAMPLED_TOKENS` more of each, sampled from the model's own distribution."""
    cache = None
    last = ids
    for _ in range(SAMPLED_TOKENS):
        output = model(input_ids=last, past_key_values=cache, use_cache=True)
        cache = output.past_key_values
        probabilities = output.logits[:, -1].float().softmax(-1)
        if not probabilities.isfinite().all():
            raise InputError(
                "the base gives NaN or infinite logits on text it generated, so it cannot generate the retention text; "
                "try another --dtype, or check its weights"
            )
        last = torch.multinomial(probabilities, 1)
        ids = torch.cat([ids, last], dim=1)
    return ids
