"""Apertium's bilingual dictionaries (`apertium-kaz-tat.kaz-tat.dix`)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tli_bench.base.errors import LexiconError
from tli_bench.lexicon.readers.base import RawPair, Request
from tli_bench.lexicon.readers.names import stands_reversed
from tli_bench.lexicon.readers.xml_stream import XmlStream

_POS = {
    "n": "noun", "vblex": "verb", "v": "verb", "adj": "adj", "adv": "adv", "num": "num", "prn": "pron",
    "cnjcoo": "conj", "cnjsub": "conj", "post": "adp", "pr": "adp", "ij": "intj",
}  # fmt: skip
_PROPER = "np"


class _Entry(NamedTuple):
    line: int
    left: str
    right: str
    restriction: str
    tag: str


def read_apertium(path: Path, request: Request) -> Iterator[RawPair]:
    """Entries with a word on both sides, without proper nouns, patterns (`re`) and paradigms.

    The name of the file tells which language is on the left; without one it is the source. An entry for one direction
    alone (`r="LR"`) is read only when its own direction is asked for.
    """
    reverse = stands_reversed(path, request) and not request.reading.swap
    against = "LR" if reverse else "RL"
    yielded = False
    for entry in _Entries(path).read():
        if entry.restriction == against or entry.tag == _PROPER:
            continue
        yielded = True
        words = (entry.right, entry.left) if reverse else (entry.left, entry.right)
        yield RawPair((words[0],), (words[1],), f"{path}:{entry.line}", pos=_POS.get(entry.tag, ""))
    if not yielded:
        raise LexiconError(f"{path}:1: no entry has a word on both sides; is this a bilingual dictionary?")


class _Entries(XmlStream[_Entry]):
    """Collects the entries of the sections; those of paradigms (`pardef`) are parts of words."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._paradigm = False
        self._open = False
        self._side = ""
        self._words = {"l": "", "r": ""}
        self._tag = self._restriction = ""
        self._begun = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An entry or one of its parts: `i` stands on both sides, `b` is a space."""
        if name == "pardef":
            self._paradigm = True
        elif name == "e" and not self._paradigm:
            self._open = attributes.get("i") != "yes"
            self._words, self._tag, self._begun = {"l": "", "r": ""}, "", self.line
            self._restriction = attributes.get("r", "")
        elif name in ("re", "j"):
            self._open = False  # a pattern, or two words written as one
        elif name in ("l", "r", "i"):
            self._side = "lr" if name == "i" else name
        elif name == "b":
            self.text(" ")
        elif name == "s" and not self._tag:
            self._tag = attributes.get("n", "")

    def end(self, name: str) -> None:
        """An entry is done when it has both words."""
        if name == "pardef":
            self._paradigm = False
        elif name in ("l", "r", "i"):
            self._side = ""
        elif name == "e" and self._open:
            left, right = (" ".join(self._words[side].split()) for side in "lr")
            if left and right:
                self.done.append(_Entry(self._begun, left, right, self._restriction, self._tag))
            self._open = False

    def text(self, text: str) -> None:
        """Characters of a word; line breaks between elements are not."""
        for side in self._side:
            self._words[side] += text
