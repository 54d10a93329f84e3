"""Figures of the embedded model for its card: what `tli-bench` measures on it, with and without BOS, and perplexity."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from tli_bench.lexicon import load_lexicon
from tli_bench.lexicon.lexicon import Lexicon
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.measures.geometry import centre
from tli_bench.measures.registry import compute
from tli_bench.measures.roles import HEADLINE
from tli_bench.measures.view import LayerView
from tli_bench.vectors.extract import States, extract
from tli_bench.vectors.inputs import encode_words, framing
from tli_bench.vectors.protocols import Pooling, get_protocol
from tools.tiny.text import World, lines, settled


@dataclass(frozen=True)
class PairFigures:
    """Curves over the layers, on the words of one split of one pair, by the default protocol.

    n: how many words. found: P@1 of 50, the headline. with_bos: mean cosine of matched pairs by the published pooling, BOS in the mean.
    """

    pair: str
    n: int
    layers: tuple[str, ...]
    found: list[float]
    cosine: list[float]
    mismatched: list[float]
    with_bos: list[float]

    @property
    def best(self) -> int:
        """Layer with the highest P@1 of 50."""
        return max(range(len(self.found)), key=lambda k: self.found[k])


def pair_figures(model: Any, tokenizer: Any, pair: str, *, split: Split = Split.CONTROL) -> PairFigures:
    """Measure one pair on one split; each language's centre is the mean of its trained and dev words, as in a run."""
    lexicon = load_lexicon(pair=pair)
    pairs = lexicon.of(split)
    fit = [p for p in lexicon.pairs if p.split in (Split.TRAIN, Split.DEV) and p.split is not split]
    n, m = len(pairs), len(fit)
    own = _states(model, tokenizer, lexicon, (pairs, fit), "words")
    whole = _states(model, tokenizer, lexicon, (pairs,), "tli-pilot")
    gold = torch.from_numpy(lexicon.gold(pairs))
    found: dict[str, list[float]] = {name: [] for name in (HEADLINE, "cosine", "mismatched")}
    with_bos: list[float] = []
    for layer in range(len(own.layers)):
        source, target, *around = own.vectors[Pooling.WORD_MEAN][layer].split([n, n, m, m])
        values = compute(LayerView(source, target, gold=gold, centre=centre(*around)), list(found)).values
        for name, value in values.items():
            found[name].append(float(value if value is not None else math.nan))
        with_bos.append(float(torch.cosine_similarity(*whole.vectors[Pooling.ALL_MEAN][layer].split(n)).mean()))
    return PairFigures(lexicon.pair, n, own.layers, found[HEADLINE], found["cosine"], found["mismatched"], with_bos)


def _states(
    model: Any, tokenizer: Any, lexicon: Lexicon, groups: Sequence[Sequence[WordPair]], protocol: str
) -> States:
    """States of the sources and then the targets of each group, framed and pooled as `protocol` does."""
    chosen = get_protocol(protocol)
    encoded = []
    for group in groups:
        for side, language in (("source", lexicon.source_language), ("target", lexicon.target_language)):
            frame = framing(chosen, language.code)
            encoded += encode_words(tokenizer, [getattr(p, side) for p in group], **frame._asdict())
    return extract(model, encoded, poolings=(chosen.pooling,), batch_size=512)


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
