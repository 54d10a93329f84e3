"""From what people write to languages and pairs: `swh`, `sw`, `Swahili`, `swh_Latn`, `swh-eng`."""

from tli_bench.base.errors import InputError, LanguageError, UnknownNameError
from tli_bench.languages.language import Language, undeclared
from tli_bench.languages.registry import DEFAULT_PAIRS, HINT, registry


def language_of(code: str) -> Language:
    """The language of a code (`swh_Latn`); one that no file describes has default rules.

    Raises LanguageError naming file and key for a file that is wrong, UnknownNameError for something that is not a code.
    """
    return registry().get(code)


def language_or_default(code: str) -> Language:
    """Like `language_of`, but a language whose file is wrong (a warning was logged) has default rules, so that others still run."""
    try:
        return registry().get(code)
    except LanguageError:
        return undeclared(code)


def find_language(name: str) -> Language | None:
    """The language called `name`, None if there is none; see `resolve_language`."""
    return registry().find(name)


def resolve_language(name: str) -> Language:
    """The language called `name`: a code (`swh_Latn`), ISO code (`swh`, `sw`) or English name, in any case.

    A full code that no file describes is a language with default rules. Raises UnknownNameError with suggestions.
    """
    found = find_language(name)
    if found is None:
        raise UnknownNameError("language", name, registry().names(), hint=HINT)
    return found


def split_pair(name: str) -> tuple[str, str]:
    """The two names in `swh-eng`; raises InputError for a malformed pair."""
    parts = name.strip().split("-")
    if len(parts) != 2 or not all(parts):
        raise InputError(f"{name!r} is not a pair; write SOURCE-TARGET, for example 'swh-eng' or 'tur_Latn-azj_Latn'")
    return parts[0], parts[1]


def resolve_pair(name: str) -> tuple[Language, Language]:
    """Source and target of a pair written `swh-eng`, `swh_Latn-eng_Latn` or `swahili-english`.

    Raises InputError for a malformed pair or the same language twice, UnknownNameError for an unknown language.
    """
    source, target = (resolve_language(part) for part in split_pair(name))
    if source == target:
        raise InputError(f"{name!r} pairs {source.code} with itself; name two different languages")
    return source, target


def pair_id(source: Language | str, target: Language | str) -> str:
    """Canonical pair id, `swh_Latn-eng_Latn`."""
    return "-".join(x.code if isinstance(x, Language) else resolve_language(x).code for x in (source, target))


def pairs_of(pairs: str) -> tuple[str, ...]:
    """The pairs that a text names: one, or several joined by commas."""
    return tuple(pair.strip() for pair in pairs.split(","))


def pivot() -> Language:
    """The language that the others are paired with, and that default prompts are written in."""
    return registry().pivot


def default_pair() -> str:
    """The pair that an option for one pair takes by default: the first default pair, without scripts (`swh-eng`)."""
    first: str = DEFAULT_PAIRS[0]
    return "-".join(part[:3] for part in first.split("-"))
