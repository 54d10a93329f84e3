"""Sentence splitting for passage retrieval: one stated rule for every language, no model."""

import re
from typing import NamedTuple

SPLITTER = "tli-sentences.v2"
"""Name of the rule, for the metadata of what was scored with it."""

_CLOSING = r"""["'”’»)\]」』）》]*+"""
# A sentence ends at . ! ? … and their Arabic and Devanagari forms, with closing quotes or brackets, before white
# space and a character that can begin a sentence. A single letter, a number of one or two digits or a
# capitalised abbreviation of up to three letters before the full stop does not end one.
_SPACED = rf"[.!?…؟۔।]+{_CLOSING}\s+(?=\S)"
# The full-width forms end one without white space too, but not where a comma goes on with it.
_WIDE = rf"[。！？]+{_CLOSING}\s*+(?=[^，、；：])"
# Thai has no full stop: white space stands between its sentences and clauses, and also around names, numbers and quotations.
_THAI = r"(?<=[\u0E01-\u0E5B])\s+(?=[\u0E01-\u0E5B])"
_END = re.compile(f"(?P<wide>{_WIDE})|(?P<spaced>{_SPACED})|(?P<thai>{_THAI})")
_NOT_AN_END = re.compile(r"(?:^|[\s(])(?:\w|\d{1,2}|[A-ZÇĞİÖŞÜ][a-zçğıöşü]{0,2})\.$")
_CLAUSE = 40
"""A single space ends a Thai clause of at least so many characters; two spaces end a shorter one."""


class Sentence(NamedTuple):
    """A sentence and where it begins and ends in its paragraph."""

    text: str
    start: int
    end: int


def sentences(paragraph: str) -> list[Sentence]:
    """The sentences of `paragraph` in order, of Thai its clauses; every character that is not white space belongs to exactly one."""
    found, start = [], 0
    for match in _END.finditer(paragraph):
        if _ends(match, paragraph[start : match.end()]):
            found += _cut(paragraph, start, match.end())
            start = match.end()
    return found + _cut(paragraph, start, len(paragraph))


def _ends(match: re.Match[str], so_far: str) -> bool:
    """Whether the sentence that has been read up to the end of `match` is over there."""
    if match["thai"]:
        return len(match["thai"]) > 1 or len(so_far.strip()) >= _CLAUSE
    if match["wide"]:
        return True
    following = match.string[match.end() : match.end() + 1]
    return not following.islower() and not _NOT_AN_END.search(so_far.rstrip())


def _cut(paragraph: str, start: int, end: int) -> list[Sentence]:
    piece = paragraph[start:end]
    text = piece.strip()
    first = start + len(piece) - len(piece.lstrip())
    return [Sentence(text, first, end)] if text else []
