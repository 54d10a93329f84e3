"""Entities as spans of BIO tags, and what a sentence contributes to their F1, as seqeval and conlleval count them."""

from collections.abc import Sequence


def spans(tags: Sequence[str]) -> set[tuple[str, int, int]]:
    """(type, first word, last word) of every entity in the tags of one sentence (`B-PER`, `I-PER`, `O`).

    An entity begins at `B-`, and at an `I-` that does not continue one of its type (seqeval's default mode; Ramshaw and Marcus 1995).
    """
    found, kind, start = set(), "", 0
    for place, tag in enumerate([*tags, "O"]):
        mark, _, own = tag.partition("-")
        if kind and (mark != "I" or own != kind):
            found.add((kind, start, place - 1))
            kind = ""
        if mark in ("B", "I") and not kind:
            kind, start = own, place
    return found


def span_parts(said: Sequence[str], gold: Sequence[str]) -> tuple[float, float]:
    """Numerator and denominator of F1 for one sentence: twice the entities that both have, and all entities of both."""
    mine, right = spans(said), spans(gold)
    return 2.0 * len(mine & right), float(len(mine) + len(right))


def word_parts(said: Sequence[str], gold: Sequence[str]) -> tuple[float, float]:
    """Numerator and denominator of accuracy for one sentence: words tagged right, and all words."""
    return float(sum(a == b for a, b in zip(said, gold, strict=True))), float(len(gold))
