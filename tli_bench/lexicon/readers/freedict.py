"""FreeDict dictionaries in TEI."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tli_bench.base.errors import LexiconError
from tli_bench.lexicon.readers.base import RawPair, Request
from tli_bench.lexicon.readers.names import stands_reversed
from tli_bench.lexicon.readers.xml_stream import XmlStream

_HEADWORD, _DEFINITION, _TRANSLATIONS = "orth", "def", {"quote", "tr"}
_REMARKS = {"note", "usg", "lbl"}
_SEPARATORS = re.compile(r"[,;]")
_POS = {"n": "noun", "v": "verb", "a": "adj", "num": "num", "pron": "pron", "conj": "conj", "adj": "adj", "adv": "adv"}


def read_freedict(path: Path, request: Request) -> Iterator[RawPair]:
    """Entries with a headword (`orth`) and translations (`quote`, `tr`, or a `def` that lists them with commas).

    The name of the file tells its direction (`swh-eng.tei`); if the other one is asked for, the sides are swapped. Remarks inside a
    translation (`<def><note>...</note> animal</def>`) are left out.
    """
    exchanged = stands_reversed(path, request) and not request.reading.swap
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


class _Entry(NamedTuple):
    line: int
    heads: list[str]
    translations: list[str]
    pos: str


class _Entries(XmlStream[_Entry]):
    """Collects the entries while the parser walks the file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._heads: list[str] | None = None
        self._translations: list[str] = []
        self._pos = ""
        self._line = 0
        self._text: list[str] | None = None
        self._examples = self._remarks = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An entry, an example, or a part of an entry whose text is wanted."""
        if name == "entry":
            self._heads, self._translations, self._pos = [], [], ""
            self._line = self.line
        elif self._heads is None:
            return
        elif name == "cit" and attributes.get("type") == "example":
            self._examples += 1
        elif self._examples:
            return
        elif name in _REMARKS:
            self._remarks += 1
        elif name in _TRANSLATIONS | {_HEADWORD, _DEFINITION, "pos"}:
            self._text = []

    def text(self, text: str) -> None:
        """Characters of a part that is wanted."""
        if self._text is not None and not self._remarks:
            self._text.append(text)

    def end(self, name: str) -> None:
        """An entry is done when it has a headword and a translation."""
        if name == "entry":
            if self._heads and self._translations:
                self.done.append(_Entry(self._line, self._heads, self._translations, self._pos))
            self._heads, self._examples, self._remarks = None, 0, 0
        elif name == "cit" and self._examples:
            self._examples -= 1
        elif name in _REMARKS and self._remarks and not self._examples:
            self._remarks -= 1
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
