"""Which words a tokenizer loses: those it cannot spell, and those it cannot tell from another word of the pool."""

from collections import defaultdict
from collections.abc import Sequence

from tli_bench.records.controls import TokenCounts
from tli_bench.vectors.inputs import Encoded


def token_counts(words: Sequence[Encoded], keys: Sequence[str]) -> TokenCounts:
    """Counts over the words of one language. keys: the word that each stands for; words with one key are the same word."""
    by_tokens: dict[tuple[int, ...], set[str]] = defaultdict(set)
    for word, key in zip(words, keys, strict=True):
        by_tokens[word.own].add(key)
    unknown = [word.unknown > 0 for word in words]
    same = [len(by_tokens[word.own]) > 1 for word in words]
    return TokenCounts(
        n=len(words),
        unknown=sum(unknown),
        same=sum(same),
        lost=sum(a or b for a, b in zip(unknown, same, strict=True)),
        joined=sum(word.joined for word in words),
        tokens=sum(len(word.own) for word in words),
    )
