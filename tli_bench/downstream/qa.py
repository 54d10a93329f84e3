"""Generative question answering over a paragraph: XQuAD and TyDiQA-GoldP."""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from lm_eval.api.instance import Instance

from tli_bench.downstream.base import Document, DownstreamTask, fill, prompt
from tli_bench.downstream.readers import Question, question_of_row, read_squad
from tli_bench.downstream.scorers.checks import check_output
from tli_bench.downstream.scorers.qa import score_answer
from tli_bench.downstream.sources import HubSet, Loaded, load

# The parquet files of the Hub's set; no script.
XQUAD_REVISION = "51adfef1c1287aab1d2d91b5bead9bcfb9c68583"


class QATask(DownstreamTask):
    """Paragraph and question in, the greedy answer's first line scored against all gold answers.

    metadata: `language` (a code), `iso2` (as the data set names it).
    """

    GENERATION: ClassVar[dict[str, Any]] = {"max_gen_toks": 32}
    METRICS: ClassVar[dict[str, bool]] = {"exact_match": True, "f1": True, "empty": False, "wrong_script": False}

    @abstractmethod
    def questions(self) -> Loaded[Question]:
        """The data set's questions."""

    def load(self) -> tuple[list[Document], str]:
        """One document a question."""
        found = self.questions()
        docs = [
            {"id": q.id, "context": q.context, "question": q.question, "answers": list(q.answers)} for q in found.items
        ]
        return docs, found.source

    def doc_to_text(self, doc: Document) -> str:
        """The prompt in the question's own language."""
        template = prompt("xquad", self.need("language"), "{context}", "{question}")
        return fill(template, context=doc["context"], question=doc["question"])

    def doc_to_target(self, doc: Document) -> str:
        """The first gold answer; scoring uses all."""
        return str(doc["answers"][0])

    def construct_requests(self, doc: Document, ctx: str, **kwargs: Any) -> Instance:
        """One greedy answer within `GENERATION`."""
        return self.generation(doc, ctx, **kwargs)

    def process_results(self, doc: Document, results: Sequence[str]) -> dict[str, float]:
        """Exact match, F1, and whether the answer is empty or in a script no gold answer has."""
        said, language = results[0].strip(), self.need("language")
        score = score_answer(said, doc["answers"], language)
        checks = [check_output(said, language=language, reference=gold) for gold in doc["answers"]]
        return {
            "exact_match": score.exact,
            "f1": score.f1,
            "empty": float(checks[0].empty),
            "wrong_script": float(all(check.wrong_script for check in checks)),
        }


class XQuADTask(QATask):
    """XQuAD (Artetxe et al. 2020): `google/xquad`, or a folder with `xquad.<iso2>.json`."""

    def questions(self) -> Loaded[Question]:
        """All questions of the language."""
        return xquad(self.need("iso2"), self.data_dir)


class TyDiQATask(QATask):
    """TyDiQA-GoldP (Clark et al. 2020): the Hub's `secondary_task`, or a folder with the official JSON."""

    def questions(self) -> Loaded[Question]:
        """The validation questions whose id begins with the data set's name of the language."""
        prefix = self.need("prefix")
        found = load(
            chosen=self.data_dir,
            task="xquad",
            files=("tydiqa-goldp-v1.1-dev.json",),
            read=lambda path: read_squad(path, id_prefix=prefix),
            hub=HubSet("google-research-datasets/tydiqa", "secondary_task", "validation"),
            of_row=lambda row, source, number: question_of_row(row, source=source, number=number),
        )
        return Loaded([q for q in found.items if q.id.startswith(prefix)], found.source)


def xquad(iso2: str, chosen: str | None) -> Loaded[Question]:
    """XQuAD's questions in one language; the order is the same in every language."""
    return load(
        chosen=chosen,
        task="xquad",
        files=(f"xquad.{iso2}.json",),
        read=_read,
        hub=HubSet("google/xquad", f"xquad.{iso2}", "validation", revision=XQUAD_REVISION),
        of_row=lambda row, source, number: question_of_row(row, source=source, number=number),
    )


def _read(path: Path) -> list[Question]:
    return read_squad(path)
