"""What is wrong with an output before its content is judged: empty, copied, in another script, in another language."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import log
from typing import NamedTuple

from tli_bench.base.errors import UnscorableError
from tli_bench.downstream.scorers.words import lower, spoken, words
from tli_bench.languages.scripts import UNDECLARED
from tli_bench.languages.scripts import script_of as script_of

COPY_SHARE = 0.9
"""An output counts as copied if at least this share of its 8-grams is found in the source."""


class OutputCheck(NamedTuple):
    """Flags of one output. length_ratio: its number of words over the reference's; None without a reference."""

    empty: bool
    copied: bool
    wrong_script: bool
    length_ratio: float | None


def check_output(
    output: str, *, language: str, source: str = "", reference: str | None = None, copy_n: int = 8
) -> OutputCheck:
    """Flags of `output`, which should be in `language` (a code) and not a copy of `source`.

    Copied: at least `COPY_SHARE` of its `copy_n`-grams of words occur in the source; an output shorter than that is
    never called a copy, since a short answer is rightly a span of its source. The wanted script is the reference's
    where there is one (Uzbek is written in two), else the language's. An output without letters is never in the wrong script.
    """
    said = words(output, language)
    grams = [tuple(said[i : i + copy_n]) for i in range(len(said) - copy_n + 1)]
    there = words(source, language)
    known = {tuple(there[i : i + copy_n]) for i in range(len(there) - copy_n + 1)}
    share = sum(gram in known for gram in grams) / len(grams) if grams else 0.0
    script = script_of(output)
    wanted = (script_of(reference) if reference else None) or spoken(language).script
    length = len(words(reference, language)) if reference else 0
    return OutputCheck(
        empty=not said,
        copied=share >= COPY_SHARE,
        wrong_script=script is not None and wanted != UNDECLARED and script != wanted,
        length_ratio=len(said) / length if length else None,
    )


class LanguageGuesser:
    """Naive Bayes over character 1- to 4-grams of a few sentences per language: enough to tell English from Kazakh.

    samples: sentences by language code. Raises UnscorableError for fewer than two languages.
    """

    def __init__(self, samples: Mapping[str, Sequence[str]]) -> None:
        if len(samples) < 2:
            raise UnscorableError(
                f"a language cannot be guessed among {len(samples)} languages; give samples of at least 2"
            )
        counts = {code: Counter(gram for text in texts for gram in _grams(text)) for code, texts in samples.items()}
        self._size = len(set().union(*counts.values()))
        self._totals = {code: sum(found.values()) for code, found in counts.items()}
        self._counts = counts

    def guess(self, text: str) -> str | None:
        """Code of the likeliest language; None for a text with fewer than three words, too few to tell."""
        if len(words(text, "und")) < 3:
            return None
        grams = _grams(text)
        return max(sorted(self._counts), key=lambda code: self._score(grams, code))

    def _score(self, grams: Sequence[str], code: str) -> float:
        counts, total = self._counts[code], self._totals[code]
        return sum(log((counts[gram] + 0.1) / (total + 0.1 * self._size)) for gram in grams)


def _grams(text: str) -> list[str]:
    padded = f" {' '.join(words(lower(text, 'und'), 'und'))} "
    return [padded[i : i + n] for n in (1, 2, 3, 4) for i in range(len(padded) - n + 1)]
