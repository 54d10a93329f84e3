"""MLQA: passages of Wikipedia and questions in seven languages, each answered in the language itself."""

from tli_bench.downstream.datasets import named_in
from tli_bench.downstream.qa import QASpec
from tli_bench.downstream.readers import Question, question_of_row, read_squad
from tli_bench.downstream.sources import HubSet, Loaded, load
from tli_bench.downstream.spec import Definition


class MLQA(QASpec):
    """MLQA (Lewis et al. 2020), passage and question in one language: `google/xtreme`, or a folder with the official JSON
    (`test` of `MLQA_V1`, or `MLQA_V1` itself).

    Options: `iso2` (as the data set names the language), and those of `QASpec`.
    """

    @classmethod
    def tasks(cls) -> list[Definition]:
        """One task per language of MLQA."""
        return [
            Definition(f"tli_mlqa_{code}", {"language": code, "iso2": iso2}, offline=False)
            for code, iso2 in named_in("mlqa").items()
        ]

    def questions(self) -> Loaded[Question]:
        """The test questions of the language."""
        iso2 = self.need("iso2")
        name = f"test-context-{iso2}-question-{iso2}.json"
        return load(
            chosen=self.data_dir,
            task="mlqa",
            files=(name, f"test/{name}"),
            read=read_squad,
            hub=HubSet("google/xtreme", f"MLQA.{iso2}.{iso2}", "test"),
            of_row=lambda row, source, number: question_of_row(row, source=source, number=number),
        )
