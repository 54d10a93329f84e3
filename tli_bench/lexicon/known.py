"""Words that the core lexicon knows, by language: what a stranger's list is compared with."""

from collections.abc import Mapping
from functools import cache

from tli_bench.languages import Language, language_or_default
from tli_bench.lexicon.core import installed_core
from tli_bench.lexicon.normalise import loosened, match_key


@cache
def known_words(language: Language) -> Mapping[str, frozenset[str]]:
    """Match key of every form that the core has in `language`, and the concepts it stands for; empty if it has none."""
    found: dict[str, set[str]] = {}
    for entry in installed_core().entries:
        for form in entry.forms.get(language.code, ()):
            found.setdefault(match_key(form, language), set()).add(entry.concept)
    return {key: frozenset(concepts) for key, concepts in found.items()}


@cache
def known_by_concept(language: Language) -> Mapping[str, frozenset[str]]:
    """The match keys of every concept that the core has in `language`: `known_words` the other way round."""
    found: dict[str, set[str]] = {}
    for key, concepts in known_words(language).items():
        for concept in concepts:
            found.setdefault(concept, set()).add(key)
    return {concept: frozenset(keys) for concept, keys in found.items()}


@cache
def known_without_diacritics(language: Language) -> frozenset[str]:
    """The core's words of `language` as a careless typist writes them, where that is not a word of the core itself."""
    words = known_words(language)
    return frozenset(plain for key in words if (plain := loosened(key, language)) not in words)


def translates(word: str, source: Language, other: str, target: Language) -> bool:
    """Whether the core knows `other` as a translation of `word`."""
    concepts = known_words(source).get(match_key(word, source), frozenset())
    return bool(concepts & known_words(target).get(match_key(other, target), frozenset()))


def known_languages() -> tuple[Language, ...]:
    """The languages that the core lexicon has."""
    return tuple(language_or_default(code) for code in installed_core().languages)
