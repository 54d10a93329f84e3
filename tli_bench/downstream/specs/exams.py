"""Exams in the language itself: TUMLU-mini, KazMMLU and UzLiB, answered by the letter of the right option."""

from typing import Any

from tli_bench.downstream.choice import ChoiceSpec
from tli_bench.downstream.datasets import named_in
from tli_bench.downstream.exams import LETTERS, exams, read_exam
from tli_bench.downstream.prompts import fill
from tli_bench.downstream.prompts import prompt as language_prompt
from tli_bench.downstream.sources import Loaded
from tli_bench.downstream.spec import Definition, Document


class Exams(ChoiceSpec):
    """A set of `tasks/exams/hub.yaml`: the question and its lettered options, then the letter; zero-shot.

    Options: `exam` (name of the set), `language` (a code), `called` (what the set calls the language). `data_dir` is a copy of
    the set's repository on the Hub. The task's metadata say how many rows cannot be asked and were left out.
    """

    TITLE = "exams (multiple choice)"

    def __init__(self, task: str, options: Any) -> None:
        super().__init__(task, options)
        self._left_out = 0

    @classmethod
    def tasks(cls) -> list[Definition]:
        """One task per set and language that it has."""
        return [
            Definition(
                f"tli_{name}_{code}",
                {"exam": name, "language": code, "called": called},
                offline=False,
                group=f"tli_{name}",
                suite=(code,),
            )
            for name in exams()
            for code, called in named_in(name).items()
        ]

    def load(self) -> Loaded[Document]:
        """One document per question; `letters` are what the model is asked to choose from."""
        found, self._left_out = read_exam(self.need("exam"), self.need("called"), self.data_dir, task=self.task)
        docs = [
            {
                "question": q.question,
                "texts": list(q.options),
                "options": list(LETTERS[: len(q.options)]),
                "gold": q.gold,
            }
            for q in found.items
        ]
        return Loaded(docs, found.source)

    def facts(self) -> dict[str, Any]:
        """How many rows were left out."""
        return {"left_out": self._left_out}

    def prompt(self, doc: Document) -> str:
        """The question, its options by letter, and the word for an answer in the language itself."""
        template = language_prompt("choice", self.need("language"), "{question}", "{options}")
        lines = [f"{letter}. {text}" for letter, text in zip(doc["options"], doc["texts"], strict=True)]
        return fill(template, question=doc["question"], options="\n".join(lines))
