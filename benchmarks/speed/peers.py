"""The ways of others to get hidden states of words, written anew from what they compute, and the floor below all ways."""

import statistics
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from tli_bench.models.body import blocks_of
from tli_bench.models.types import Model, Tokenizer
from tli_bench.vectors.inputs import Encoded


@torch.no_grad()
def pilot(model: Model, encoded: Sequence[Encoded]) -> None:
    """The published pilot (arXiv 2506.15415): for each layer, each word runs through the whole model; mean over the mask."""
    for layer in range(len(blocks_of(model)) + 1):
        for item in encoded:
            states = model(input_ids=torch.tensor([item.ids]), output_hidden_states=True).hidden_states
            states[layer][0].mean(dim=0)


@torch.no_grad()
def mexa(model: Model, encoded: Sequence[Encoded]) -> None:
    """MEXA's extractor (arXiv 2410.05873): one text at a time, all layers, means weighted by position, kept as lists."""
    for item in encoded:
        states = model(input_ids=torch.tensor([item.ids]), output_hidden_states=True).hidden_states
        weights = torch.arange(1, len(item.ids) + 1, dtype=torch.float32)
        for state in states:
            ((state[0] * weights[:, None]).sum(dim=0) / weights.sum()).tolist()


@torch.no_grad()
def naive(model: Model, encoded: Sequence[Encoded], *, size: int = 32, head: bool = True) -> None:
    """Batches in the order of the list, padded, all hidden states kept, with the language-model head or without it."""
    run = model if head else model.base_model
    for start in range(0, len(encoded), size):
        part = encoded[start : start + size]
        length = max(len(item.ids) for item in part)
        ids = torch.tensor([[*item.ids, *[0] * (length - len(item.ids))] for item in part])
        mask = torch.tensor([[1] * len(item.ids) + [0] * (length - len(item.ids)) for item in part])
        own = torch.tensor([[*map(float, item.word), *[0.0] * (length - len(item.ids))] for item in part])
        weights = own / own.sum(dim=1, keepdim=True)
        for state in run(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states:
            torch.einsum("bt,btd->bd", weights, state)


def sentence_encoder(model: Model, tokenizer: Tokenizer, folder: Path) -> Callable[[Sequence[str]], object] | None:
    """`encode` of sentence-transformers over the same model, which pools its last layer alone; None where it is not installed."""
    if find_spec("sentence_transformers") is None:
        return None
    from sentence_transformers import SentenceTransformer, models

    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    body = models.Transformer(str(folder))
    if body.tokenizer.pad_token is None:
        body.tokenizer.pad_token = body.tokenizer.eos_token
    return SentenceTransformer(modules=[body, models.Pooling(body.get_word_embedding_dimension())]).encode


def loops(source: torch.Tensor, target: torch.Tensor) -> float:
    """MEXA's score of one layer by its own loops: every cosine by itself, then who is nearest both ways."""
    one, other = (functional.normalize(side, dim=1).numpy() for side in (source, target))
    cosines = [[float(a @ b) for b in other] for a in one]
    count = len(cosines)
    right = 0
    for i in range(count):
        right += all(cosines[i][i] > max(cosines[i][j], cosines[j][i]) for j in range(count) if j != i)
    return right / count


@torch.no_grad()
def floor_seconds(model: Model, tokens: int, *, rows: int = 384, rounds: int = 5) -> float:
    """CPU seconds that the matrix products of all blocks take for so many tokens, at the rate measured for each of their shapes."""
    shapes = [tuple(part.weight.shape) for part in blocks_of(model).modules() if isinstance(part, nn.Linear)]
    total = 0.0
    for shape in sorted(set(shapes)):
        weight, given, spent = torch.randn(shape), torch.randn(rows, shape[1]), []
        for _ in range(rounds + 1):
            start = time.process_time()
            for _ in range(4):
                functional.linear(given, weight)
            spent.append((time.process_time() - start) / 4)
        total += shapes.count(shape) * statistics.median(spent[1:]) / rows
    return total * tokens
