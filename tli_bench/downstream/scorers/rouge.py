"""ROUGE-1, ROUGE-2 and ROUGE-L (Lin 2004) over Unicode words, so that Cyrillic, Arabic and Turkish texts have words."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from tli_bench.base.errors import UnscorableError
from tli_bench.downstream.scorers.stems import stem, stemmer_name
from tli_bench.downstream.scorers.words import words


class Rouge(NamedTuple):
    """F-measures, 0 to 1."""

    rouge1: float
    rouge2: float
    rougeL: float


def rouge(prediction: str, reference: str, language: str) -> Rouge:
    """ROUGE of one prediction against one reference, in words of `language`, or their stems where it has a stemmer (see `stem`).

    A text against itself gives 1.0 everywhere; ROUGE-2 of two equal one-word texts is 1.0 too, since no bigram could
    differ. Raises UnscorableError for a reference without words.
    """
    said, gold = ([stem(word, language) for word in words(text, language)] for text in (prediction, reference))
    if not gold:
        raise UnscorableError(f"the reference {reference[:40]!r} holds no words; remove the document")
    return Rouge(
        _overlap(said, gold),
        _overlap(_pairs(said), _pairs(gold)) if len(gold) > 1 else float(said == gold),
        _lcs(said, gold),
    )


def signature(language: str) -> str:
    """What must agree for two ROUGE values of texts in `language` to be compared."""
    return f"rouge|f:harmonic|tok:tli-unicode|case:locale|stem:{stemmer_name(language)}|version:3"


def _pairs(tokens: Sequence[str]) -> list[tuple[str, str]]:
    return list(pairwise(tokens))


def _overlap(said: Sequence[object], gold: Sequence[object]) -> float:
    return _f(sum((Counter(said) & Counter(gold)).values()), len(said), len(gold))


def _lcs(said: Sequence[str], gold: Sequence[str]) -> float:
    """F of the longest common subsequence, one row of the table at a time."""
    row = [0] * (len(gold) + 1)
    for word in said:
        diagonal = 0
        for j, other in enumerate(gold, start=1):
            diagonal, row[j] = row[j], diagonal + 1 if word == other else max(row[j], row[j - 1])
    return _f(row[-1], len(said), len(gold))


def _f(common: int, said: int, gold: int) -> float:
    return 2 * common / (said + gold) if common else 0.0
