"""What a training is known to have seen, as hashes: cards hold these, so that they need not hold words.

A hash is HMAC-SHA256 of language and key under a public, versioned key, cut to 64 bits. It is a check, not a secret:
anybody can ask whether a word is among them, and nobody has to publish a list to be checked against ours.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from typing import Any, Self

from tli_bench.base.errors import TLIError
from tli_bench.languages import Language, resolve_pair
from tli_bench.lexicon.chance import alike_by_chance
from tli_bench.lexicon.core import installed_core
from tli_bench.lexicon.entries import Entry
from tli_bench.lexicon.lexicon import Lexicon
from tli_bench.lexicon.normalise import match_key
from tli_bench.lexicon.pairs import Split
from tli_bench.lexicon.stems import openings, stem_of_key

SCHEME = "tli-bench trained forms v1"
"""The public HMAC key; another way of normalising, stemming or hashing gets another one."""
DIGITS = 16
_HASHES = ("forms", "stems", "bases")


@dataclass(frozen=True)
class Trained:
    """The words that a model and its adapter are known to have been trained on.

    forms: hashes of the match keys of all forms and variants. stems, bases: hashes of the keys that tell their root
    families: without a citation affix or plural, and the beginnings that a form may be derived from. words: declared by
    whoever runs the model, without a language, so they count in every language. known: False where there may be more.
    """

    forms: frozenset[str] = frozenset()
    stems: frozenset[str] = frozenset()
    bases: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    known: bool = True

    @classmethod
    def of(cls, forms: Iterable[tuple[Language, str]]) -> Self:
        """From the forms of a training with their languages."""
        keys = {(language.code, match_key(form, language)): language for language, form in forms}
        stems = {(code, stem_of_key(key, language)) for (code, key), language in keys.items()} - keys.keys()
        bases = {(code, base) for code, key in keys for base in openings(key)} - keys.keys() - stems
        return cls(_all_hashed(keys), _all_hashed(stems), _all_hashed(bases))

    def __or__(self, other: "Trained") -> "Trained":
        """What either has seen; known where both are."""
        return Trained(
            self.forms | other.forms,
            self.stems | other.stems,
            self.bases | other.bases,
            self.words | other.words,
            self.known and other.known,
        )

    def __repr__(self) -> str:
        return f"Trained({self.digest})"

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything in it."""
        parts = (
            *(",".join(sorted(part)) for part in (self.forms, self.stems, self.bases, self.words)),
            str(self.known),
        )
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def declared(self) -> str | None:
        """SHA-256 of the declared words; None where none were declared."""
        return hashlib.sha256("\n".join(sorted(self.words)).encode()).hexdigest() if self.words else None

    def declaring(self, words: frozenset[str]) -> "Trained":
        """The same with these words declared: with them the training is known."""
        return replace(self, words=self.words | words, known=True)

    def read_as(self, *languages: Language) -> "Trained":
        """The same with the declared words hashed as words of these languages."""
        return self | Trained.of((language, word) for language in languages for word in self.words)

    def saw(self, form: str, language: Language) -> bool:
        """Whether a form, or one of its root family, was trained in its language.

        The family is that of `assign_splits`: an equal stem (`kusoma`, `-soma`; `books`, `book`), or one word at the
        beginning of the other that it may be derived from (`balık`, `balıkçı`), unless the core has both and knows better.
        """
        key = match_key(form, language)
        own = {hashed(language.code, found) for found in (key, stem_of_key(key, language))}
        if any(not own.isdisjoint(part) for part in (self.forms, self.stems)):
            return True
        begins_a_trained = not own.isdisjoint(self.bases)
        begun_by = [
            opening
            for opening in openings(key)
            if (base := hashed(language.code, opening)) in self.forms or base in self.stems
        ]
        if not begins_a_trained and not begun_by:
            return False  # as of most words, for which nobody has to know what is alike by chance
        by_chance = alike_by_chance(key, language)
        longer = _all_hashed((language.code, other) for other in by_chance)
        return (begins_a_trained and longer.isdisjoint(self.forms)) or not by_chance.issuperset(begun_by)

    def as_card(self) -> dict[str, Any]:
        """The part of a card that `trained_by` reads; complete: whether the training held nothing else."""
        return {"scheme": SCHEME, "complete": self.known} | {name: sorted(getattr(self, name)) for name in _HASHES}


NOTHING, UNKNOWN = Trained(), Trained(known=False)


# A card's words are those of one list, and control words come with every pair that has their language.
@lru_cache(maxsize=1 << 16)
def hashed(code: str, key: str) -> str:
    """The hash of a key of the language `code`, in hex."""
    return hmac.digest(SCHEME.encode(), f"{code}\t{key}".encode(), "sha256").hex()[:DIGITS]


def trained_on(lexicon: Lexicon) -> Trained:
    """What a training on the train split of a lexicon sees: every form and variant of both languages."""
    return Trained.of(
        (language, form)
        for pair in lexicon.of(Split.TRAIN)
        for language, forms in ((lexicon.source_language, pair.sources), (lexicon.target_language, pair.targets))
        for form in forms
    )


def trained_by(card: Mapping[str, Any] | None) -> Trained:
    """What a card says was trained; `UNKNOWN` without a card, or where it does not say so in a way that is known here.

    A card without hashes names concepts: those of the core lexicon are looked up in its table.
    """
    card = card or {}
    listed = card.get("trained_forms")
    if listed is None:
        return _by_concepts(card)
    if not isinstance(listed, Mapping) or listed.get("scheme") != SCHEME:
        return UNKNOWN
    parts = [listed.get(name) for name in _HASHES]
    if not all(isinstance(part, list) and all(isinstance(item, str) for item in part) for part in parts):
        return UNKNOWN
    forms, stems, bases = (frozenset(part or ()) for part in parts)
    return Trained(forms, stems, bases, known=listed.get("complete") is True)


def _by_concepts(card: Mapping[str, Any]) -> Trained:
    lexicon, concepts = card.get("lexicon"), card.get("trained_concepts")
    # A list of somebody's own that is called core has no version.
    ours = isinstance(lexicon, Mapping) and lexicon.get("name") == "core" and lexicon.get("version")
    if not ours or not isinstance(concepts, list) or not concepts:
        return UNKNOWN
    try:
        languages = resolve_pair(str(card.get("pair")))
        entries = [_core_entries()[str(concept)] for concept in concepts]
    except (TLIError, KeyError):
        return UNKNOWN
    return Trained.of(
        (language, form) for entry in entries for language in languages for form in entry.forms.get(language.code, ())
    )


@cache
def _core_entries() -> dict[str, Entry]:
    return {entry.concept: entry for entry in installed_core().entries}


def _all_hashed(found: Iterable[tuple[str, str]]) -> frozenset[str]:
    return frozenset(hashed(code, key) for code, key in found)
