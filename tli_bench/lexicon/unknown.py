"""Languages that no file describes, in a user's own list: read with default rules, and with a warning that names what is missing."""

import logging
import re
from itertools import islice
from pathlib import Path

from tli_bench.base.errors import LexiconError
from tli_bench.languages import Language, find_language, resolve_pair
from tli_bench.languages.language import undeclared
from tli_bench.languages.names import split_pair
from tli_bench.languages.registry import ENVIRONMENT, registry
from tli_bench.languages.scripts import script_of
from tli_bench.lexicon.readers import open_source
from tli_bench.lexicon.readers.base import AS_FOUND, RawPair, Reading, Request

log = logging.getLogger(__name__)
_ISO_639_3 = re.compile("[a-z]{3}")
_ENOUGH = 200


def languages_of_list(source: str | Path, pair: str, reading: Reading = AS_FOUND) -> tuple[Language, Language]:
    """Source and target of a pair of the list `source`, which may name languages that no file describes.

    Such a language is written as its code (`kin_Latn`), or as its ISO 639-3 code alone (`kin`): then the script is the one in the
    list's header, or that of most letters of its first words, and the language is known by that code from now on.
    Raises as `resolve_pair` and the reader of the list do.
    """
    names = split_pair(pair)
    unknown = [name for name in names if find_language(name) is None]
    if str(source) == "core" or not unknown or not all(_ISO_639_3.fullmatch(name) for name in unknown):
        return resolve_pair(pair)
    rows = _first_rows(source, pair, unknown, reading)
    for name, forms in zip(names, ([r.sources for r in rows], [r.targets for r in rows]), strict=True):
        if find_language(name) is None:
            script = script_of(" ".join(word for row in forms for word in row))
            registry().meet(undeclared(f"{name}_{script}" if script else name))
    return resolve_pair(pair)


def _first_rows(source: str | Path, pair: str, unknown: list[str], reading: Reading) -> list[RawPair]:
    """Some rows of the list, read while the unknown languages have no script; none if its header names their scripts."""
    provisional = [registry().meet(undeclared(name)) for name in unknown]
    try:
        return list(islice(open_source(source, Request(*resolve_pair(pair), reading)), _ENOUGH))
    except LexiconError:
        for language in provisional:
            registry().forget(language)
        if any(find_language(name) is None for name in unknown):
            raise
        return []
    finally:
        for language in provisional:
            registry().forget(language)


def warn_of_defaults(*languages: Language) -> None:
    """Log, for each language that no file describes, what is missing and where its file belongs."""
    for language in languages:
        if not language.declared:
            log.warning(
                "no file describes %s: its words are read with plain casing, without an alphabet, citation forms or stem rules, so "
                "fewer leaks are found, and it has no name, family, prompts or carriers; write %s.yaml (docs/languages.md) "
                "into a folder and name the folder in %s",
                language.code, language.code, ENVIRONMENT,
            )  # fmt: skip
