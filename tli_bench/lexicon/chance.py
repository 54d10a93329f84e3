"""Words of the core that begin alike by chance (Swahili `kucha` nail, `kuchagua` choose): somebody looked and found no common root."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from tli_bench.languages import Language
from tli_bench.lexicon.core import installed_core
from tli_bench.lexicon.normalise import match_key
from tli_bench.lexicon.stems import openings, stem_of_key

NOBODY: frozenset[str] = frozenset()


def alike_by_chance(key: str, language: Language) -> frozenset[str]:
    """Keys and stems of the core's words that could be derived from this one, or it from them, and are not related to it."""
    return _by_key(language).get(key, NOBODY)


@cache
def _by_key(language: Language) -> Mapping[str, frozenset[str]]:
    entries = installed_core().entries
    related = {entry.concept: entry.related for entry in entries}
    words = [
        (entry.concept, match_key(form, language)) for entry in entries for form in entry.forms.get(language.code, ())
    ]
    owners: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for concept, key in words:
        for part in {key, stem_of_key(key, language)}:
            owners[part].add((concept, key))
    found: defaultdict[str, set[str]] = defaultdict(set)
    for concept, longer in words:
        for opening in openings(longer):
            others = owners.get(opening, set())
            if others and all(_unrelated(concept, other, related) for other, _ in others):
                found[longer].add(opening)
                for _, shorter in others:
                    found[shorter].add(longer)
    return {key: frozenset(others) for key, others in found.items()}


def _unrelated(one: str, two: str, related: Mapping[str, tuple[str, ...] | None]) -> bool:
    known = related[one]
    return one != two and known is not None and related[two] is not None and two not in known
