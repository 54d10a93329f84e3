"""FreeDict dictionaries in TEI, read as a stream; entity declarations are refused, so that no file can expand without limit."""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

from tli_bench.base.errors import LexiconError
from tli_bench.languages import find_language
from tli_bench.lexicon.readers.base import RawPair, Request

_CHUNK = 1 << 16
_HEADWORD, _DEFINITION, _TRANSLATIONS = "orth", "def", {"quote", "tr"}
_SEPARATORS = re.compile(r"[,;]")
_POS = {"n": "noun", "v": "verb", "a": "adj", "num": "num", "pron": "pron", "conj": "conj", "adj": "adj", "adv": "adv"}


def read_freedict(path: Path, request: Request) -> Iterator[RawPair]:
    """Entries with a headword (`orth`) and translations (`quote`, `tr`, or a `def` that lists them with commas).

    The name of the file tells its direction (`swh-eng.tei`); if the other one is asked for, the sides are swapped.
    """
    exchanged = _is_reverse(path, request)
    yielded = False
    for number, heads, translations, pos in _Entries(path).read():
        yielded = True
        where = f"{path}:{number}"
        if not exchanged:
            yield RawPair(tuple(heads), tuple(translations), where, pos=pos)
            continue
        # Two translations of one headword need not be synonyms: each becomes a pair of its own.
        for word in translations:
            yield RawPair((word,), tuple(heads), where, pos=pos)
    if not yielded:
        raise LexiconError(f"{path}:1: no TEI entry has both a headword and a translation")


def _is_reverse(path: Path, request: Request) -> bool:
    parts = path.stem.split("-")[:2]
    named = tuple(find_language(part) for part in parts)
    if None in named:
        return False
    if named == (request.target, request.source):
        return True
    if len(named) == 2 and named != (request.source, request.target):
        raise LexiconError(
            f"{path}: this is a dictionary of {'-'.join(parts)}, not of {request.source.iso}-{request.target.iso}"
        )
    return False


class _Entries:
    """Collects the entries while the parser walks the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.done: list[tuple[int, list[str], list[str], str]] = []
        self._heads: list[str] | None = None
        self._translations: list[str] = []
        self._pos = ""
        self._line = 0
        self._text: list[str] | None = None
        self._examples = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.EntityDeclHandler = self._entity

    def read(self) -> Iterator[tuple[int, list[str], list[str], str]]:
        try:
            with self.path.open("rb") as handle:
                while chunk := handle.read(_CHUNK):
                    self._parser.Parse(chunk, False)
                    yield from self._take()
                self._parser.Parse(b"", True)
                yield from self._take()
        except expat.ExpatError as err:
            raise LexiconError(f"{self.path}:{err.lineno}: not well-formed XML: {expat.ErrorString(err.code)}") from err

    def _take(self) -> list[tuple[int, list[str], list[str], str]]:
        taken, self.done = self.done, []
        return taken

    def _entity(self, name: str, *_: object) -> None:
        raise LexiconError(
            f"{self.path}:{self._parser.CurrentLineNumber}: declares the entity {name!r}; "
            "files with entity declarations are refused, remove the declaration"
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        if name == "entry":
            self._heads, self._translations, self._pos = [], [], ""
            self._line = self._parser.CurrentLineNumber
        elif self._heads is None:
            return
        elif name == "cit" and attributes.get("type") == "example":
            self._examples += 1
        elif self._examples:
            return
        elif name in _TRANSLATIONS | {_HEADWORD, _DEFINITION, "pos"}:
            self._text = []

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, tag: str) -> None:
        name = tag.rpartition(" ")[2]
        if name == "entry":
            if self._heads and self._translations:
                self.done.append((self._line, self._heads, self._translations, self._pos))
            self._heads = None
        elif name == "cit" and self._examples:
            self._examples -= 1
        elif self._text is not None and name in _TRANSLATIONS | {_HEADWORD, _DEFINITION, "pos"}:
            self._store(name, " ".join("".join(self._text).split()))
            self._text = None

    def _store(self, name: str, text: str) -> None:
        if not text or self._heads is None:
            return
        if name == _HEADWORD:
            self._heads.append(text)
        elif name == "pos":
            self._pos = self._pos or _POS.get(text.lower(), "")
        elif name == _DEFINITION:
            self._translations += [part.strip() for part in _SEPARATORS.split(text) if part.strip()]
        else:
            self._translations.append(text)
