"""What the name of a file says about its two languages: `en-tr.txt`, `en_ba.tsv`, `apertium-kaz-tat.kaz-tat.dix`."""

import os
import re
from itertools import pairwise
from pathlib import Path

from tli_bench.base.errors import LexiconError
from tli_bench.base.paths import expanded
from tli_bench.languages import Language, find_language
from tli_bench.lexicon.readers.base import Request

_SCRIPT = re.compile(r"[A-Z][a-z]{3}")


def named_languages(path: Path) -> tuple[Language, Language] | None:
    """The two languages that stand next to each other in the name of a file, in their order; None if there are none."""
    parts = [part for part in re.split(r"[^\w]+|_", path.stem) if part]
    names: list[str] = []
    for part in parts:
        if names and _SCRIPT.fullmatch(part) and find_language(f"{names[-1]}_{part}"):
            names[-1] += f"_{part}"
        else:
            names.append(part)
    found = [find_language(name) for name in names]
    for one, other in pairwise(found):
        if one is not None and other is not None and one.iso != other.iso:
            return one, other
    return None


def stands_reversed(path: Path, request: Request) -> bool:
    """Whether the name of a file puts the requested target first; `--swap` is not regarded.

    Raises LexiconError if it names two other languages.
    """
    named = named_languages(path)
    if named is None:
        return False
    names, wanted = tuple(one.iso for one in named), (request.source.iso, request.target.iso)
    if names == wanted:
        return False
    if names == wanted[::-1]:
        return True
    raise LexiconError(
        f"{path}: this is a list of {'-'.join(names)}, not of {'-'.join(wanted)}; ask for --pairs {'-'.join(names)}, "
        "or rename the file if its name is misleading"
    )


def pair_in_name(source: str | Path) -> str | None:
    """The pair that the name of a file states, source first; None if it states none, or there is no such file."""
    path = expanded(source)
    named = named_languages(path) if os.path.isfile(path) else None
    return "-".join(language.code for language in named) if named else None
