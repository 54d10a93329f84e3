"""Figures of the embedded model for its card: what `tli-bench` measures on it, with and without BOS, and perplexity."""

import math
from dataclasses import dataclass
from typing import Any

import torch

from tli_bench.lexicon import load_lexicon
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.registry import compute
from tli_bench.measures.view import LayerView
from tli_bench.vectors.extract import extract
from tli_bench.vectors.inputs import encode_words
from tli_bench.vectors.protocols import Pooling
from tools.tiny.text import World, lines, settled


@dataclass(frozen=True)
class PairFigures:
    """Curves over the layers, on the control words of one pair."""

    pair: str
    pool: int
    layers: tuple[str, ...]
    cosine: list[float]
    mismatched: list[float]
    with_bos: list[float]
    p1: list[float]

    @property
    def best(self) -> int:
        """Layer with the highest P@1."""
        return max(range(len(self.p1)), key=lambda k: self.p1[k])


def pair_figures(model: Any, tokenizer: Any, pair: str, *, split: Split = Split.CONTROL) -> PairFigures:
    """Measure one pair on one split."""
    lexicon = load_lexicon(pair=pair)
    pairs = lexicon.of(split)
    gold = torch.from_numpy(lexicon.gold(pairs))
    words = [p.source for p in pairs] + [p.target for p in pairs]
    states = extract(
        model, encode_words(tokenizer, words), poolings=(Pooling.WORD_MEAN, Pooling.ALL_MEAN), batch_size=512
    )
    n = len(pairs)
    found: dict[str, list[float]] = {"cosine": [], "mismatched": [], "p1": [], "with_bos": []}
    for layer in range(len(states.layers)):
        own, whole = (states.vectors[p][layer] for p in (Pooling.WORD_MEAN, Pooling.ALL_MEAN))
        values = compute(LayerView(own[:n], own[n:], gold=gold), ("cosine", "mismatched", "p1")).values
        for name, value in values.items():
            found[name].append(float(value if value is not None else math.nan))
        found["with_bos"].append(float(torch.cosine_similarity(whole[:n], whole[n:]).mean()))
    return PairFigures(lexicon.pair, n, states.layers, **found)


@torch.no_grad()
def perplexity(model: Any, tokenizer: Any, world: World, *, count: int = 2_000) -> float:
    """Perplexity per token on held-out generated lines, each after BOS, EOS scored.

    The lines are of the kind that training ended on. Word lists without `and`, which the first phase had, cost the
    finished model 15 nats per word; with a few of them in the sample, any change that blurs the model looks like a gain.
    """
    total = tokens = 0.0
    for line in lines(settled(world), count, stream="held-out"):
        ids = torch.tensor([tokenizer(line)["input_ids"] + [tokenizer.eos_token_id]])
        logits = model(ids).logits.float()
        total += float(torch.nn.functional.cross_entropy(logits[0, :-1], ids[0, 1:], reduction="sum"))
        tokens += ids.shape[1] - 1
    return math.exp(total / tokens)
