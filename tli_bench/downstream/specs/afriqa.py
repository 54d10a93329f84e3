"""AfriQA: questions asked in an African language, about an English passage, answered in English."""

from pathlib import Path

from tli_bench.downstream.datasets import named_in
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.qa import QASpec
from tli_bench.downstream.readers import Question, json_line, read_text, text_in
from tli_bench.downstream.sources import Loaded, find_file, folder_of
from tli_bench.downstream.spec import Definition
from tli_bench.languages import pivot

REPOSITORY = "github.com/masakhane-io/afriqa"
WHERE = f"give a folder with data/gold_passages of {REPOSITORY}; on the Hub the set is a loading script, which does not load"


class AfriQA(QASpec):
    """AfriQA's gold passages (Ogundepo et al. 2023), from a folder with `gold_span_passages.afriqa.<iso3>.en.test.json`.

    Options: `called` (what the set calls the language of the questions), and those of `QASpec`: `language` is that of passage,
    prompt and answer, which is English.
    """

    TITLE = "question answering (from question to English passage)"

    @classmethod
    def tasks(cls) -> list[Definition]:
        """One task per language of AfriQA that is known here; in no suite, since a suite reads the Hub."""
        return [
            Definition(f"tli_afriqa_{code}", {"language": pivot().code, "called": called}, offline=False)
            for code, called in named_in("afriqa").items()
        ]

    def questions(self) -> Loaded[Question]:
        """The test questions."""
        folder, called = folder_of(self.data_dir), self.need("called")
        if folder is None:
            raise DataError(f"task {self.task} reads a folder, got data_dir={self.data_dir}; {WHERE}")
        name = f"gold_span_passages.afriqa.{called}.en.test.json"
        return Loaded(_read(find_file(folder, (name, f"{called}/{name}"), places=("afriqa",))), str(folder))


def _read(path: Path) -> list[Question]:
    lines = read_text(path).split("\n")
    found = [_question(line, f"{path}: line {number}") for number, line in enumerate(lines, start=1) if line.strip()]
    if not found:
        raise DataError(f"{path}: no questions; one JSON object per line is expected")
    return found


def _question(line: str, where: str) -> Question:
    row = json_line(line, where)
    pivot_answers = row.get("answer_pivot") if isinstance(row, dict) else None
    answers = pivot_answers.get("text") if isinstance(pivot_answers, dict) else None
    if not isinstance(answers, list) or not answers or not all(isinstance(a, str) and a.strip() for a in answers):
        raise DataError(f"{where}: `answer_pivot.text` must be a list of non-empty texts, got {pivot_answers!r:.60}")
    context, question = (text_in(row, name, where) for name in ("context", "question_lang"))
    # An answer of yes or no is nowhere in the passage (`answer_start` -1), and nothing here needs its place.
    return Question(str(row.get("id", "")), context, question, tuple(answers), ())
