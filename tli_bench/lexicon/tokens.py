"""Into how many tokens a tokenizer cuts the words: a language that is cut more finely is measured on smaller pieces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Tokenizer(Protocol):
    """What is needed from a tokenizer; those of transformers have it."""

    def encode(self, text: str, *, add_special_tokens: bool) -> Sequence[Any]:
        """The token ids of `text`."""
        ...


@dataclass(frozen=True, slots=True)
class TokenCount:
    """Tokens per word in one language: mean, maximum, share of words that are one token, and the words cut into the most tokens."""

    words: int
    mean: float
    most: int
    whole: float
    finest: tuple[str, ...]


def count_tokens(words: Mapping[str, Sequence[str]], tokenizer: Tokenizer) -> dict[str, TokenCount]:
    """Token counts of the words of every language, without special tokens; a language without words is left out."""
    return {code: _count(list(forms), tokenizer) for code, forms in words.items() if forms}


def _count(forms: list[str], tokenizer: Tokenizer) -> TokenCount:
    sizes = {form: len(tokenizer.encode(form, add_special_tokens=False)) for form in forms}
    counts = [sizes[form] for form in forms]
    finest = sorted(sizes, key=lambda form: (-sizes[form], form))[:5]
    whole = sum(count == 1 for count in counts) / len(counts)
    return TokenCount(len(forms), sum(counts) / len(counts), max(counts), whole, tuple(finest))
