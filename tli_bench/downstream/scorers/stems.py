"""Stems of words, where published scores of a language are over stems: its file names the stemmer."""

from collections.abc import Callable
from functools import cache, lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from tli_bench.base.errors import LanguageError
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.scorers.words import spoken

_LONGER_THAN = 3


def stem(word: str, language: str) -> str:
    """Stem of one lower-case word of `language` (a code), by the stemmer that its file names; the word itself if it names none.

    Raises LanguageError for a stemmer that we do not have, DataError for one that is not installed.
    """
    name = _stemmer_of(language)
    return STEMMERS[name](word) if name else word


def stemmer_name(language: str) -> str:
    """What `stem` uses in `language`, for a signature: `TurkishStemmer-1.3` or `none`."""
    name = _stemmer_of(language)
    return f"{name}-{version(name)}" if name else "none"


def _stemmer_of(language: str) -> str:
    own = spoken(language)
    name = own.scoring.stemmer
    if name and name not in STEMMERS:
        raise LanguageError(f"{own.file}: `scoring.stemmer` {name!r} is not one of {', '.join(STEMMERS)}")
    if name and find_spec(name) is None:
        raise DataError(
            f"ROUGE of {own.name} is over stems, which the package {name} finds; it is not installed: pip install 'tli-bench[stems]'"
        )
    return name


@cache
def _turkish_stemmer() -> Any:
    from TurkishStemmer import TurkishStemmer

    return TurkishStemmer()


@lru_cache(maxsize=1 << 16)
def _turkish(word: str) -> str:
    """As in XL-Sum's own scorer: on words longer than three letters.

    An apostrophe in a Turkish word separates a name from its suffixes, so what follows it is removed first.
    """
    word = word.split("'")[0]
    return str(_turkish_stemmer().stem(word)) if len(word) > _LONGER_THAN else word


STEMMERS: dict[str, Callable[[str], str]] = {"TurkishStemmer": _turkish}
"""Stemmers by the name of their package on PyPI."""
