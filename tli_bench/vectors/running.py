"""States of every word of running sentences: each sentence runs once, and each word is the mean over its own tokens there."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from tli_bench.base.errors import InputError
from tli_bench.models.identity import MeasuredModel, State
from tli_bench.models.types import Model, Tokenizer
from tli_bench.vectors.extract import all_layers, evaluating, layers_of
from tli_bench.vectors.inputs import Framing
from tli_bench.vectors.protocols import SLOT


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as the model reads it. ids: `[tokens]`; own: positions of each word's tokens, none for a word that has none or
    that stands beyond what the model reads.
    """

    ids: tuple[int, ...]
    own: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, repr=False)
class SentenceStates:
    """States of the words of one sentence. vectors: for `base` and, with an adapter, `adapted`: float32 `[layers, kept words, dim]`;
    kept: the numbers of the words that have a vector, in order.
    """

    layers: tuple[str, ...]
    vectors: dict[State, torch.Tensor]
    kept: tuple[int, ...]
    model: MeasuredModel

    def __repr__(self) -> str:
        return f"SentenceStates({'+'.join(self.vectors)}, {len(self.layers)} layers, {len(self.kept)} words)"


def encode_sentences(
    tokenizer: Tokenizer, sentences: Sequence[Sequence[str]], framing: Framing, *, max_length: int | None
) -> list[Sentence]:
    """Sentences, their words joined by single spaces, inside the frame of a protocol (a full stop before them, with `words`).

    A token belongs to every word that it overlaps. What is longer than `max_length` is cut at the end. Raises InputError for a
    tokenizer that gives no character offsets.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise InputError(
            f"{type(tokenizer).__name__} does not return character offsets, so words cannot be found inside a sentence; "
            "use a fast tokenizer"
        )
    before, _, after = (framing.template or SLOT).partition(SLOT)
    batch = tokenizer(
        [before + " ".join(words) + after for words in sentences],
        add_special_tokens=True, return_special_tokens_mask=True, return_offsets_mapping=True, padding=False,
    )  # fmt: skip
    found = []
    for row, words in enumerate(sentences):
        ids, spans, special = (batch[key][row] for key in ("input_ids", "offset_mapping", "special_tokens_mask"))
        kept = len(ids) if max_length is None else min(len(ids), max_length)
        places = [(i, *spans[i]) for i in range(kept) if not special[i]]
        own, start = [], len(before)
        for word in words:
            end = start + len(word)
            own.append(tuple(i for i, left, right in places if left < end and right > start and right > left))
            start = end + 1
        found.append(Sentence(tuple(ids[:kept]), tuple(own)))
    return found


def extract_sentences(
    model: Model, sentences: Sequence[Sentence], *, batch_size: int, before_norm: bool
) -> tuple[tuple[str, ...], list[torch.Tensor]]:
    """Names of the layers, and for each sentence the states of its words that have tokens, float32 `[layers, words, dim]`.

    before_norm: as in `all_layers`. Sentences are bucketed by exact length, so nothing is padded.
    """
    if not sentences:
        raise InputError("no sentences to extract hidden states for")
    device = next(model.parameters()).device
    buckets: dict[int, list[int]] = defaultdict(list)
    for row, sentence in enumerate(sentences):
        buckets[len(sentence.ids)].append(row)
    found: list[torch.Tensor] = [torch.empty(0)] * len(sentences)
    count = 0
    with torch.no_grad(), evaluating(model):
        for length in sorted(buckets):
            for start in range(0, len(buckets[length]), batch_size):
                rows = buckets[length][start : start + batch_size]
                ids = torch.tensor([sentences[row].ids for row in rows], device=device)
                states = all_layers(model, ids, before_norm=before_norm)
                count = len(states)
                for place, row in enumerate(rows):
                    weights = _weights(sentences[row]).to(device)
                    found[row] = torch.stack([weights @ state[place].float() for state in states]).cpu()
    return layers_of(model, count), found


def _weights(sentence: Sentence) -> torch.Tensor:
    """Weights of the mean over each word's tokens, float32 `[words that have tokens, tokens]`."""
    own = [places for places in sentence.own if places]
    weights = torch.zeros(len(own), len(sentence.ids))
    for row, places in enumerate(own):
        weights[row, list(places)] = 1 / len(places)
    return weights


def kept_words(sentence: Sentence) -> tuple[int, ...]:
    """Numbers of the words that have tokens."""
    return tuple(number for number, places in enumerate(sentence.own) if places)


def is_sentence(request: Any) -> bool:
    """Whether a request asks for the words of a sentence: its second argument is a tuple of words, not a text."""
    return isinstance(request.args[1], tuple)
