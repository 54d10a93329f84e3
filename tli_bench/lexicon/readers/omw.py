"""Open Multilingual Wordnet in its `.tab` files (`wn-data-swh.tab`): languages are joined by synset."""

from collections.abc import Iterator
from pathlib import Path

from tli_bench.base.errors import LexiconError
from tli_bench.languages import Language, find_language
from tli_bench.lexicon.readers.base import RawPair, Request
from tli_bench.lexicon.text import numbered_lines

_POS = {"n": "noun", "v": "verb", "a": "adj", "s": "adj", "r": "adv"}
_Words = dict[str, dict[str, list[str]]]
"""Lemmas by language (ISO 639-3) and synset."""


def read_omw(path: Path, request: Request) -> Iterator[RawPair]:
    """The synsets that have lemmas in both languages; `path` is a folder of `.tab` files, or one of them.

    A file holds one language, which its first line names (`# NAME`, code, address and licence between tabs), or rows of several
    (`00001740-n`, `swh:lemma`, word). Of a single file, the other language is looked for in the files next to it, then in
    the folders next to its own. Definitions and examples are left out; `_` in a word is a space. Of a folder, files of other layouts
    (lists of changes, of identifiers) are passed over.
    """
    wanted = {request.source.iso: request.source, request.target.iso: request.target}
    found: _Words = {iso: {} for iso in wanted}
    for files in _places(path):
        for file in files:
            _collect(file, found, asked=file == path)
        if all(found.values()):
            break
    for iso, language in wanted.items():
        if not found[iso]:
            names = ", ".join(file.name for files in _places(path) for file in files[:15])
            raise LexiconError(
                f"{path}: no lemmas of {language.name} ({iso}) in {names}; add its `.tab` file to the folder"
            )
    left, right = found[request.source.iso], found[request.target.iso]
    for synset in sorted(left.keys() & right.keys()):
        where, pos = f"{path}: synset {synset}", _POS.get(synset[-1], "")
        yield RawPair(tuple(left[synset]), tuple(right[synset]), where, synset, pos)


def _places(path: Path) -> Iterator[list[Path]]:
    """The files to look in, the nearest first."""
    if path.is_dir():
        yield sorted(path.rglob("*.tab"))
        return
    yield [path]
    yield sorted(file for file in path.parent.glob("*.tab") if file != path)
    yield sorted(file for file in path.parent.parent.glob("*/*.tab") if file.parent != path.parent)


def _collect(file: Path, found: _Words, *, asked: bool) -> None:
    """Add the lemmas of one file in the languages that are wanted. asked: whether somebody named this file, so that it must be one."""
    spoken = _named(file)
    for number, line in numbered_lines(file):
        if line.startswith("#"):
            cells = line.split("\t")
            spoken = (find_language(cells[1]) if len(cells) > 1 else None) or spoken
            continue
        cells = line.split("\t")
        if len(cells) < 3:
            if not asked and spoken is None:
                return
            raise LexiconError(
                f"{file}:{number}: {len(cells)} column(s), but a row is synset, type and word: {line[:60]!r}"
            )
        prefix, _, kind = cells[1].rpartition(":")
        language = find_language(prefix) if prefix else spoken
        word = cells[2].replace("_", " ").strip()
        if kind == "lemma" and word and language is not None and language.iso in found:
            found[language.iso].setdefault(cells[0], []).append(word)


def _named(file: Path) -> Language | None:
    """The language at the end of a file's name, `wn-data-swh.tab`."""
    return find_language(file.stem.rpartition("-")[2])
