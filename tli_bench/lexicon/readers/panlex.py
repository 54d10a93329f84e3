"""PanLex Swadesh lists: a folder with one text file per language (`swh-000.txt`), line N of each being concept N."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tli_bench.base.errors import LexiconError
from tli_bench.languages import Language
from tli_bench.lexicon.alphabet import script_share
from tli_bench.lexicon.orthography import is_written
from tli_bench.lexicon.readers.base import RawPair, Request
from tli_bench.lexicon.readers.swadesh import SWADESH
from tli_bench.lexicon.text import numbered_lines

# Codes of ASJP and its kind, and the marks of what an editor was not sure of.
_NOT_A_WORD = re.compile(r"[\d~%]")
_SHORT_LIST = "110"


def read_panlex(path: Path, request: Request) -> Iterator[RawPair]:
    """The concepts that have words in both languages, named by their usual labels; words on one line are separated by tabs.

    Forms with a digit, `~` or `%` are codes and are left out. Synonyms have no order there: the one shown is a single word
    before several, then the shortest, then the first by its letters; the others are accepted as well. Of several files for a
    language, the one is read that is best written in its script, then the one with most concepts. The list of 110 concepts
    (a folder called `swadesh110`) has another order: its concepts are numbered.
    """
    source, target = _best(path, request.source), _best(path, request.target)
    for number in sorted(source.words.keys() & target.words.keys()):
        yield RawPair(source.words[number], target.words[number], f"{source.path}:{number}", _label(path, number))


class _List(NamedTuple):
    path: Path
    words: dict[int, tuple[str, ...]]
    share: float


def _label(folder: Path, number: int) -> str:
    if _SHORT_LIST in folder.name or number > len(SWADESH):
        return f"{folder.name}-{number:03}"
    return SWADESH[number - 1]


def _best(folder: Path, language: Language) -> _List:
    candidates = sorted(folder.glob(f"{language.iso}-[0-9][0-9][0-9].txt"))
    if not candidates:
        known = ", ".join(sorted(p.stem for p in folder.glob("???-???.txt"))[:15])
        raise LexiconError(f"{folder}: no list for {language.name} ({language.iso}-000.txt); lists here: {known}")
    lists = [_read(path, language) for path in candidates]
    # `max` keeps the first of equals: the varieties are numbered by how much they are used.
    best = max(lists, key=lambda found: (is_written(_forms(found), language), round(found.share, 1), len(found.words)))
    if not best.words:
        raise LexiconError(f"{best.path}: there are only codes in it, no words of {language.name}")
    if best.share < 0.5:
        raise LexiconError(
            f"{best.path}: not written in the script of {language.code}; no other list of {language.name} here"
        )
    return best


def _forms(found: _List) -> list[str]:
    return [word for words in found.words.values() for word in words]


def _read(path: Path, language: Language) -> _List:
    words = {}
    for number, line in numbered_lines(path):
        forms = [word.strip() for word in line.split("\t")]
        forms = [word for word in forms if word and not _NOT_A_WORD.search(word)]
        if forms:
            words[number] = tuple(sorted(forms, key=lambda word: (" " in word, len(word), word)))
    text = " ".join(word for forms in words.values() for word in forms)
    return _List(path, words, script_share(text, language))
