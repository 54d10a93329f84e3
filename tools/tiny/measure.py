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
from tli_bench.vectors.extract import extract
from tli_bench.vectors.inputs import Encoded, encode_words, framing
from tli_bench.vectors.protocols import get_protocol
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


def pair_figures(
    model: Any, tokenizer: Any, pairs: Sequence[str], *, split: Split = Split.CONTROL
) -> list[PairFigures]:
    """Measure pairs on one split; each language's centre is the mean of its trained and dev words, as in a run.

    A word that several pairs have runs once.
    """
    lexicons = [load_lexicon(pair=pair) for pair in pairs]
    held = [lexicon.of(split) for lexicon in lexicons]
    rest = [
        [p for p in lexicon.pairs if p.split in (Split.TRAIN, Split.DEV) and p.split is not split]
        for lexicon in lexicons
    ]
    groups = [[(lexicon, one), (lexicon, fit)] for lexicon, one, fit in zip(lexicons, held, rest, strict=True)]
    layers, own = _states(model, tokenizer, groups, "words")
    _, whole = _states(model, tokenizer, [group[:1] for group in groups], "tli-pilot")
    return [
        _figures(lexicon, words, layers, *vectors)
        for lexicon, words, *vectors in zip(lexicons, held, own, whole, strict=True)
    ]


def _figures(
    lexicon: Lexicon,
    pairs: tuple[WordPair, ...],
    layers: tuple[str, ...],
    own: Sequence[torch.Tensor],
    whole: Sequence[torch.Tensor],
) -> PairFigures:
    """own: by the default protocol, sources and targets of the words and of those of the centres; whole: of the words, BOS pooled in."""
    gold = torch.from_numpy(lexicon.gold(pairs))
    found: dict[str, list[float]] = {name: [] for name in (HEADLINE, "cosine", "mismatched")}
    with_bos: list[float] = []
    for layer in range(len(layers)):
        source, target, *around = (side[layer] for side in own)
        values = compute(LayerView(source, target, gold=gold, centre=centre(*around)), list(found)).values
        for name, value in values.items():
            found[name].append(float(value if value is not None else math.nan))
        with_bos.append(float(torch.cosine_similarity(whole[0][layer], whole[1][layer]).mean()))
    return PairFigures(
        lexicon.pair, len(pairs), layers, found[HEADLINE], found["cosine"], found["mismatched"], with_bos
    )


def _states(
    model: Any, tokenizer: Any, asked: Sequence[Sequence[tuple[Lexicon, Sequence[WordPair]]]], protocol: str
) -> tuple[tuple[str, ...], list[list[torch.Tensor]]]:
    """Names of the layers, and for each of `asked` the states `[layers, words, dim]` of the sources and the targets of each group."""
    chosen = get_protocol(protocol)
    known: dict[str, dict[str, Encoded]] = {}
    rows: dict[tuple[tuple[int, ...], tuple[bool, ...]], int] = {}
    places: list[list[torch.Tensor]] = []
    for groups in asked:
        places.append([])
        for lexicon, group in groups:
            for side, language in (("source", lexicon.source_language), ("target", lexicon.target_language)):
                seen = known.setdefault(language.code, {})
                words = [getattr(p, side) for p in group]
                new = [word for word in dict.fromkeys(words) if word not in seen]
                frame = framing(chosen, language.code)
                seen.update(zip(new, encode_words(tokenizer, new, **frame._asdict()), strict=True))
                keys = [(seen[word].ids, seen[word].word) for word in words]
                places[-1].append(torch.tensor([rows.setdefault(key, len(rows)) for key in keys]))
    encoded = {(item.ids, item.word): item for seen in known.values() for item in seen.values()}
    states = extract(model, [encoded[key] for key in rows], poolings=(chosen.pooling,), batch_size=512)
    vectors = states.vectors[chosen.pooling]
    return states.layers, [[vectors[:, side] for side in sides] for sides in places]


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
