"""Sentence splitting for passage retrieval: one stated rule for every language, no model."""

import re
from typing import NamedTuple

# A sentence ends at . ! ? … and their Arabic, Devanagari and CJK forms, with closing quotes or brackets, before white
# space and a character that can begin a sentence. A single letter, a number of one or two digits or a
# capitalised abbreviation of up to three letters before the full stop does not end one.
_END = re.compile(r"""[.!?…؟۔।。！？]+["'”’»)\]]*(?:\s+(?=\S)|(?<=[。！？]))""")
_NOT_AN_END = re.compile(r"(?:^|[\s(])(?:\w|\d{1,2}|[A-ZÇĞİÖŞÜ][a-zçğıöşü]{0,2})\.$")


class Sentence(NamedTuple):
    """A sentence and where it begins and ends in its paragraph."""

    text: str
    start: int
    end: int


def sentences(paragraph: str) -> list[Sentence]:
    """The sentences of `paragraph` in order; every character that is not white space belongs to exactly one."""
    found, start = [], 0
    for match in _END.finditer(paragraph):
        following = paragraph[match.end() : match.end() + 1]
        if following.islower() or _NOT_AN_END.search(paragraph[start : match.end()].rstrip()):
            continue
        found += _cut(paragraph, start, match.end())
        start = match.end()
    return found + _cut(paragraph, start, len(paragraph))


def _cut(paragraph: str, start: int, end: int) -> list[Sentence]:
    piece = paragraph[start:end]
    text = piece.strip()
    first = start + len(piece) - len(piece.lstrip())
    return [Sentence(text, first, end)] if text else []
