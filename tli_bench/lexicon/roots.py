"""Which word may be the root of which: `diş` of `dişlemek`, `öl-` of `ölüm`, `-som-` of `msomaji`, by the endings a language derives with.

A rule proposes, it does not know: `kar` snow is not the root of `kardeş` brother. It is made to miss little, so that a list nobody
looked at is split with care. Where somebody looked at every proposal, `related` says what came of it, and the rule is silent.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product
from typing import NamedTuple

from tli_bench.languages import Language
from tli_bench.lexicon.stems import cut_citation

NOUN, VERB = "noun", "verb"
SHORTEST_ROOT = {NOUN: 3, VERB: 2}
"""Letters that a root must keep: a verb's is known by its citation affix, so fewer do."""
_SHORTEST = min(SHORTEST_ROOT.values())


class Root(NamedTuple):
    """What words of one family share: `noun` (and adjectives, numerals ...) or `verb`, and its letters."""

    kind: str
    letters: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.letters}"


def kinds_of(key: str, language: Language, pos: str) -> tuple[str, ...]:
    """Whether a word is a noun or a verb: by its part of speech, else by its citation affix, else possibly both."""
    if pos:
        return (VERB,) if pos == "verb" else (NOUN,)
    if not language.words.citation and not language.words.final_vowel:
        return NOUN, VERB
    return (VERB,) if cut_citation(key, language) != key else (NOUN,)


def own_roots(key: str, language: Language, pos: str = "") -> frozenset[Root]:
    """The word itself as a root: `Root("verb", "öl")` of `ölmek`. key: its match key; pos: its part of speech, if known."""
    found = set()
    for kind in kinds_of(key, language, pos):
        letters = _bare(key, language) if kind == VERB else key
        if len(letters) >= SHORTEST_ROOT[kind]:
            found.add(Root(kind, letters))
    return frozenset(found)


def possible_roots(key: str, language: Language, pos: str = "") -> frozenset[Root]:
    """The roots that the word may be derived from, itself left out; empty for a language that declares no endings.

    Of a phrase, its words but for light ones (`dem almak`: `dem`) are what it is made of.
    """
    words = [word for word in key.split() if word not in language.words.light]
    if len(words) > 1 or " " in key:
        return frozenset(root for word in words for root in own_roots(word, language))
    return frozenset(root for kind in kinds_of(key, language, pos) for root in _cuts(key, kind, language))


def _cuts(key: str, kind: str, language: Language) -> Iterator[Root]:
    word = _bare(key, language) if kind == VERB else key
    endings, longest = _endings(language, kind)
    for letters, prefixed in _beginnings(word, kind, language):
        for end in range(max(_SHORTEST, len(letters) - longest), len(letters)):
            for base in endings.get(letters[end:], ()):
                if end >= SHORTEST_ROOT[base]:
                    yield Root(base, letters[:end])
        if prefixed and len(letters) >= SHORTEST_ROOT[NOUN]:
            yield Root(NOUN, letters)


def _beginnings(word: str, kind: str, language: Language) -> Iterator[tuple[str, bool]]:
    """The word, and without each noun-class prefix it may have; whether one was cut."""
    yield word, False
    if kind == NOUN:
        for prefix in language.words.class_prefixes:
            if word.startswith(prefix):
                yield word[len(prefix) :], True


def _bare(key: str, language: Language) -> str:
    """A verb's stem: without citation affix and without the final vowel that every verb of the language has."""
    stem = cut_citation(key, language)
    final = language.words.final_vowel
    return stem[: -len(final)] if final and stem.endswith(final) else stem


@cache
def _endings(language: Language, kind: str) -> tuple[Mapping[str, tuple[str, ...]], int]:
    """What one or two endings add to a noun or verb to make a `kind`, with what they are added to, and the length of the longest."""
    step = {(a, b): _spelled(language, f"{a}_{b}") for a in (NOUN, VERB) for b in (NOUN, VERB)}
    found: dict[str, tuple[str, ...]] = {}
    for base in (NOUN, VERB):
        twice = {first + second for way in (NOUN, VERB) for first in step[base, way] for second in step[way, kind]}
        for ending in step[base, kind] | twice:
            found[ending] = (*found.get(ending, ()), base)
    return found, max(map(len, found), default=0)


def _spelled(language: Language, which: str) -> frozenset[str]:
    """The endings of one sort with every letter that their sounds stand for."""
    sounds = language.words.sounds
    return frozenset(
        "".join(letters)
        for ending in language.words.endings.get(which, "").split()
        for letters in product(*(sounds.get(sound, sound) for sound in ending))
    )
