"""Stems of words, where published scores of a language are over stems: Turkish alone."""

from functools import cache, lru_cache
from importlib.metadata import version
from typing import Any

_LONGER_THAN = 3


def stem(word: str, language: str) -> str:
    """Stem of one lower-case word of `language` (a code); the word itself in every language but Turkish.

    Turkish as in XL-Sum's own scorer: the package TurkishStemmer, on words longer than three letters. An apostrophe in a
    Turkish word parts a name from its suffixes, so what follows it goes first.
    """
    if not language.startswith("tur"):
        return word
    return _turkish(word.split("'")[0])


def stemmer_name(language: str) -> str:
    """What `stem` uses in `language`, for a signature: `TurkishStemmer-1.3` or `none`."""
    return f"TurkishStemmer-{version('TurkishStemmer')}" if language.startswith("tur") else "none"


@cache
def _stemmer() -> Any:
    from TurkishStemmer import TurkishStemmer

    return TurkishStemmer()


@lru_cache(maxsize=1 << 16)
def _turkish(word: str) -> str:
    return str(_stemmer().stem(word)) if len(word) > _LONGER_THAN else word
