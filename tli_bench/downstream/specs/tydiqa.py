"""TyDiQA-GoldP: questions asked by speakers of the language, about an article in it."""

from tli_bench.downstream.datasets import named_in
from tli_bench.downstream.qa import QASpec
from tli_bench.downstream.readers import Question, question_of_row, read_squad
from tli_bench.downstream.shots import stated
from tli_bench.downstream.sources import HubSet, Loaded, load
from tli_bench.downstream.spec import Definition


class TyDiQA(QASpec):
    """TyDiQA-GoldP (Clark et al. 2020): the Hub's `secondary_task`, or a folder with the official JSON.

    Options: `prefix` (of the ids of the language, `swahili-`), and those of `QASpec`.
    """

    FOLDER = "xquad"

    @classmethod
    def tasks(cls) -> list[Definition]:
        """One task per language of TyDiQA that has prompts here."""
        return [
            Definition(f"tli_tydiqa_{code}", {"language": code, "prefix": prefix}, suite=(code,))
            for code, prefix in named_in("tydiqa").items()
        ]

    def questions(self) -> Loaded[Question]:
        """The validation questions whose id begins with the data set's name for the language."""
        return self._of("dev", "validation", self.data_dir)

    def example_questions(self, chosen: str) -> Loaded[Question]:
        """The training questions of the language."""
        found = self._of("train", "train", chosen)
        return Loaded(found.items, stated(found.source, "tydiqa-goldp-v1.1-train.json"))

    def _of(self, part: str, split: str, chosen: str | None) -> Loaded[Question]:
        prefix = self.need("prefix")
        found = load(
            chosen=chosen,
            task="xquad",
            files=(f"tydiqa-goldp-v1.1-{part}.json",),
            read=lambda path: read_squad(path, id_prefix=prefix),
            hub=HubSet("google-research-datasets/tydiqa", "secondary_task", split),
            of_row=lambda row, source, number: question_of_row(row, source=source, number=number),
        )
        return Loaded([q for q in found.items if q.id.startswith(prefix)], found.source)
