"""What can answer XQuAD's questions: sentences or paragraphs, from LAReQA's own file where there is one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tli_bench.base.paths import data_dir
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.qa import xquad, xquad_files
from tli_bench.downstream.readers import Question, read_squad
from tli_bench.downstream.sentences import SPLITTER, sentences
from tli_bench.downstream.sources import FIXTURES, HUB, file_in, folder_of

LAREQA = "LAReQA sentence_breaks"
"""The splitter of LAReQA's own file."""


class Candidate(NamedTuple):
    """A text with its bounds in the paragraph. place: what makes it one candidate of the pool, equal texts in two places or not."""

    place: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Passages:
    """The questions of one language with their paragraphs. splitter: how the sentences were told apart.

    numbers: of the paragraphs, in the order of the file.
    """

    language: str
    questions: list[Question]
    source: str
    splitter: str
    numbers: Mapping[str, int]

    def candidates(self, question: Question, unit: str) -> list[Candidate]:
        """What the question's own paragraph adds to the pool: its sentences, or itself where unit is `paragraph`."""
        context = question.context
        if unit == "paragraph":
            return [Candidate(context, context, 0, len(context))]
        if self.splitter != LAREQA:
            return [Candidate(one.text, one.text, one.start, one.end) for one in sentences(context)]
        return [
            Candidate(f"{self.language}:{self.numbers[context]}:{number}", context[begin:end].strip(), begin, end)
            for number, (begin, end) in enumerate(question.breaks)
        ]


def passages(language: str, iso2: str, chosen: str | None) -> Passages:
    """Questions and paragraphs of one language: LAReQA's `<iso2>.json` where the folder has it, else XQuAD.

    Raises DataError for a file of LAReQA's name that has no `sentence_breaks`, and as XQuAD's own reader does.
    """
    path = _lareqa(iso2, chosen)
    if path is None:
        found = xquad(iso2, chosen)
        return Passages(language, found.items, found.source, SPLITTER, _numbers(found.items))
    questions = read_squad(path)
    if not all(question.breaks for question in questions):
        raise DataError(f"{path}: a paragraph has no `sentence_breaks`; take the file from LAReQA's folder xquad-r")
    return Passages(language, questions, str(path), LAREQA, _numbers(questions))


def _numbers(questions: Sequence[Question]) -> dict[str, int]:
    return {context: number for number, context in enumerate(dict.fromkeys(one.context for one in questions))}


def at_hand(names: Mapping[str, str], chosen: str | None) -> dict[str, str]:
    """Those of the languages, given with the data set's names for them, whose files are there; on the Hub, all."""
    if chosen in (None, HUB):
        return dict(names)
    folder = folder_of(chosen) or data_dir("tasks") / "xquad" / FIXTURES
    return {
        code: iso2
        for code, iso2 in names.items()
        if _lareqa(iso2, chosen) or file_in(folder, xquad_files(iso2), places=("xquad",))
    }


def _lareqa(iso2: str, chosen: str | None) -> Path | None:
    """LAReQA's file in the folder that was given, or in its sub-folder `xquad-r`."""
    folder = folder_of(chosen)
    return None if folder is None else file_in(folder, (f"{iso2}.json",), places=("xquad-r",))
