"""Making a prompt fit what a model reads: examples go first, then the end of the document; what is asked stays whole."""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tli_bench.downstream.sentences import sentences

Fits = Callable[[str], bool]
"""Whether a text is short enough."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A prompt that was made to fit. dropped: how many of its examples are gone; cut: whether the document lost its end.

    A prompt that is too long even without its document is left whole and counts as cut.
    """

    text: str
    dropped: int = 0
    cut: bool = False


def fit(make: Callable[[int, str], str], examples: int, body: str, fits: Fits) -> Fitted:
    """The longest prompt that `fits`, of those that `make(examples kept, document kept)` gives.

    Examples are dropped from the last to the first before the document is touched. The document is then cut at the end of
    a sentence, or where not even the first one fits, between two words, or else between two letters.
    """
    for kept in range(examples, -1, -1):
        text = make(kept, body)
        if fits(text):
            return Fitted(text, examples - kept)
    whole = Fitted(make(0, body), examples, True)
    if not fits(make(0, "")):
        return whole
    longest = _longest(lambda end: fits(make(0, body[:end])), len(body))
    for end in _ends(body, longest):
        text = make(0, body[:end].rstrip())
        if fits(text):
            return Fitted(text, examples, True)
    return whole


def _longest(fits: Callable[[int], bool], length: int) -> int:
    """The largest number up to `length` that `fits`, where 0 does and all smaller ones do as well."""
    low, high = 0, length
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def _ends(body: str, longest: int) -> Iterator[int]:
    """Places to cut at, the best first: ends of sentences, ends of words, letters."""
    found = [sentence.end for sentence in sentences(body) if sentence.end <= longest]
    yield from reversed(found)
    yield from (end for end in range(longest, 0, -1) if body[end : end + 1].isspace())
    yield from (
        end for end in range(longest, 0, -1) if not unicodedata.category(body[end : end + 1] or " ").startswith("M")
    )
    yield 0
