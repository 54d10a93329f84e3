"""One concept with its forms in any number of languages; splits, the core file and the doctor work on it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from tli_bench.languages import Language, language_or_default
from tli_bench.lexicon.normalise import loosened, match_key, normalise
from tli_bench.lexicon.roots import own_roots, possible_roots
from tli_bench.lexicon.stems import openings, stem_of_key

VARIANT_SEPARATOR = "|"


@dataclass(frozen=True)
class Entry:
    """A concept; `forms` maps a language code to its forms, the preferred one first.

    related: the concepts that share a root with it in some language, as somebody who looked decided; None where nobody looked, so that
    the rule of `roots` decides.
    """

    concept: str
    forms: Mapping[str, tuple[str, ...]]
    pos: str = ""
    field: str = ""
    note: str = ""
    related: tuple[str, ...] | None = None

    @cached_property
    def keys(self) -> tuple[tuple[Language, str], ...]:
        """The match key of every form, with its language."""
        return tuple(
            (language, match_key(form, language))
            for code, forms in self.forms.items()
            for language in (language_or_default(code),)
            for form in forms
        )

    @cached_property
    def links(self) -> frozenset[str]:
        """Language and key of every form, stem and spelling without diacritics by which two concepts may be linked."""
        found: set[str] = set()
        for language, key in self.keys:
            code = language.code
            found.add(f"{code} {key}")
            found.add(f"{code} {stem_of_key(key, language)}")
            found.add(f"{code}~{loosened(key, language)}")
            if self.related is None:
                found.update(f"{code} {root}" for root in own_roots(key, language, self.pos))
        for other in self.related or ():
            found.add("related " + " ".join(sorted((self.concept, other))))
        return frozenset(found)

    @cached_property
    def openings(self) -> frozenset[str]:
        """What every form could be derived from, written as in `links`."""
        found = {f"{language.code} {start}" for language, key in self.keys for start in openings(key)}
        if self.related is None:
            found.update(
                f"{language.code} {root}"
                for language, key in self.keys
                for root in possible_roots(key, language, self.pos)
            )
        return frozenset(found)


def parse_forms(cell: str, language: Language) -> tuple[str, ...]:
    """The distinct normalised forms of a cell (`ndege|eropleni`), in order; an empty cell has none."""
    return unique_forms(cell.split(VARIANT_SEPARATOR), language)


def unique_forms(words: Iterable[str], language: Language) -> tuple[str, ...]:
    """The normalised words, without empty ones and without those whose match key occurred before."""
    forms = [form for word in words if (form := normalise(word, language))]
    if len(forms) < 2:  # as in most cells, which need no key
        return tuple(forms)
    kept: dict[str, str] = {}
    for form in forms:
        kept.setdefault(match_key(form, language), form)
    return tuple(kept.values())
