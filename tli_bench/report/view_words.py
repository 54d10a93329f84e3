"""The control words of one record as the page of `tli-bench view` reads them: each list once, numbers packed."""

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from tli_bench.base.wording import visible
from tli_bench.languages import resolve_pair
from tli_bench.lexicon.pairs import Split
from tli_bench.lexicon.similarity import similarity
from tli_bench.measures.measure import Measure
from tli_bench.measures.registry import get_measure
from tli_bench.records.columns import MAX_COLUMN, Curve, Words
from tli_bench.records.details import Labels, Neighbours, WordDetails
from tli_bench.records.schema import RunRecord
from tli_bench.report.embed import embedded, pack_curve
from tli_bench.report.scopes import languages_of

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
_LONGEST_WORD = 60


class WordLists:
    """Every list of words once, as JSON texts: records of one pair and lexicon share theirs. texts: ready for an element of the page."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._index: dict[str, int] = {}

    def add(self, record: RunRecord) -> int:
        """Position of the record's control words; -1 where it has none, or too many for a page."""
        words = record.words.get(Split.CONTROL)
        if words is None or not 0 < len(words) <= MAX_COLUMN:
            return -1
        text = embedded(_listed(words, record.details))
        if text not in self._index:
            self._index[text] = len(self.texts)
            self.texts.append(text)
        return self._index[text]


def states_at(record: RunRecord, layer: str) -> dict[str, dict[str, Any]]:
    """By state, what is known of each control word at one layer: its score, ranks and nearest wrong words, packed."""
    found: dict[str, dict[str, Any]] = {}
    headline = get_measure(record.headline_of(Split.CONTROL))
    for state in record.best_layer:
        column = record.column(headline.name, Split.CONTROL, state, layer)
        scores = None if column is None else pack_curve(bounded(headline, column.tolist()))
        near = record.details.neighbours.get(state, {}).get(layer) if record.details else None
        if scores is not None or near is not None:
            found[seen(state)] = {"score": scores, "near": near and _packed(near)}
    return found


def seen(name: str) -> str:
    """A state's or layer's name as the page writes it."""
    return visible(name, limit=20)


def bounded(measure: Measure, values: Iterable[float | None]) -> Curve:
    """Values that a measure can take, others as missing: no record can draw a number that its measure does not have."""
    return [None if v is None or not measure.within_range(v) else v for v in values]


def language_names(pair: str) -> tuple[str, str]:
    """Names of source and target language, or `source` and `target` of a pair that we do not know."""
    known = languages_of(pair)
    return (resolve_pair(pair)[0].name, resolve_pair(pair)[1].name) if known else ("source", "target")


def pack_numbers(numbers: Sequence[int | None]) -> list[Any]:
    """Width and digits in base 64 of numbers from 0 on; one more than the largest stands for None."""
    most = max((n for n in numbers if n is not None), default=0) + 1
    width = 1
    while 64**width <= most:
        width += 1
    return [width, "".join(_digits(most if n is None else n, width) for n in numbers), most]


@lru_cache(maxsize=MAX_COLUMN)
def _digits(number: int, width: int) -> str:
    return "".join(_DIGITS[number >> (6 * place) & 63] for place in reversed(range(width)))


def _packed(near: Neighbours) -> list[list[Any]]:
    """Ranks forward and backward, then nearest wrong words forward and backward."""
    return [pack_numbers(column) for column in near.columns.values()]


def _listed(words: Words, details: WordDetails | None) -> dict[str, Any]:
    alike: Curve = [
        similarity(unicodedata.normalize("NFC", source), unicodedata.normalize("NFC", target)) or 0.0
        for source, target in zip(words.sources, words.targets, strict=True)
    ]
    return {
        "words": [[visible(form, limit=_LONGEST_WORD) for form in triple] for triple in words.triples()],
        "alike": pack_curve(alike),
        "accepted": list(details.accepted) if details else [],
        "labels": {visible(kind, limit=40): _labels(found) for kind, found in details.labels.items()}
        if details
        else {},
    }


def _labels(found: Labels) -> list[Any]:
    return [[visible(name, limit=60) for name in found.names], pack_numbers(found.of)]
