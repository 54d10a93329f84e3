"""Generative question answering over a paragraph: what XQuAD and TyDiQA-GoldP share."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from tli_bench.base.errors import InputError
from tli_bench.downstream.prompts import fill
from tli_bench.downstream.prompts import prompt as language_prompt
from tli_bench.downstream.readers import Question, question_of_row, read_squad
from tli_bench.downstream.scorers.checks import check_output
from tli_bench.downstream.scorers.qa import score_answer, squad_score
from tli_bench.downstream.shots import place_of
from tli_bench.downstream.sources import HubSet, Loaded, load
from tli_bench.downstream.spec import DOWN, UP, AnswerSpec, Document, Metric


class QASpec(AnswerSpec):
    """Paragraph and question in, the greedy answer's first line scored against all gold answers.

    Options: `language` (a code), `iso2` (as the data set names it).
    """

    TITLE = "question answering"
    METRICS: ClassVar[Mapping[str, Metric]] = {
        "exact_match": UP, "f1": UP, "em_squad": UP, "f1_squad": UP, "empty": DOWN, "wrong_script": DOWN,
    }  # fmt: skip
    MAX_TOKENS = 32
    CUT = "context"

    @abstractmethod
    def questions(self) -> Loaded[Question]:
        """The data set's questions."""

    def example_questions(self, chosen: str) -> Loaded[Question]:
        """Questions of a split that is not scored. chosen: a folder, `hub` or `fixtures`; raises InputError where there is none."""
        raise InputError(
            f"task {self.task} has no split to take examples from but the one that is scored; leave out --num-fewshot"
        )

    def load(self) -> Loaded[Document]:
        """One document per question."""
        return _documents(self.questions())

    def examples(self, source: str) -> Loaded[Document]:
        """One document per question of the other split, from where the scored ones came."""
        return _documents(self.example_questions(place_of(source, self.data_dir)))

    def prompt(self, doc: Document) -> str:
        """The prompt in the question's own language; for a chat template, the one that says how to answer."""
        task = "xquad_chat" if self.chat else "xquad"
        template = language_prompt(task, self.need("language"), "{context}", "{question}")
        return fill(template, context=doc["context"], question=doc["question"])

    def target(self, doc: Document) -> str:
        """The first gold answer; scoring uses all."""
        return str(doc["answers"][0])

    def score(self, doc: Document, answers: Sequence[str]) -> dict[str, float]:
        """Exact match and F1 by our own script and by SQuAD's, and whether the answer is empty or in a script that no gold answer has."""
        said, language = first_line(answers[0]), self.need("language")
        score, published = score_answer(said, doc["answers"], language), squad_score(said, doc["answers"])
        checks = [check_output(said, language=language, reference=gold) for gold in doc["answers"]]
        return {
            "exact_match": score.exact,
            "f1": score.f1,
            "em_squad": published.exact,
            "f1_squad": published.f1,
            "empty": float(checks[0].empty),
            "wrong_script": float(all(check.wrong_script for check in checks)),
        }


def first_line(said: str) -> str:
    """The first line of an answer that is not empty: instruct models begin with a line feed."""
    return next((line.strip() for line in said.split("\n") if line.strip()), "")


def _documents(found: Loaded[Question]) -> Loaded[Document]:
    docs = [{"id": q.id, "context": q.context, "question": q.question, "answers": list(q.answers)} for q in found.items]
    return Loaded(docs, found.source)


def xquad_files(iso2: str) -> tuple[str, ...]:
    """Names of XQuAD's file in a language."""
    return (f"xquad.{iso2}.json",)


def xquad(iso2: str, chosen: str | None) -> Loaded[Question]:
    """XQuAD's questions in one language; the order is the same in every language."""
    return load(
        chosen=chosen,
        task="xquad",
        files=xquad_files(iso2),
        read=_read,
        hub=HubSet("google/xquad", f"xquad.{iso2}", "validation"),
        of_row=lambda row, source, number: question_of_row(row, source=source, number=number),
    )


def _read(path: Path) -> list[Question]:
    return read_squad(path)
