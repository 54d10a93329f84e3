"""XQuAD: the same questions in twelve languages, answered in the language itself."""

from tli_bench.downstream.datasets import has_fixture, named_in
from tli_bench.downstream.qa import QASpec, xquad
from tli_bench.downstream.readers import Question
from tli_bench.downstream.sources import Loaded
from tli_bench.downstream.spec import Definition


class XQuAD(QASpec):
    """XQuAD (Artetxe et al. 2020): `google/xquad`, or a folder with `xquad.<iso2>.json`.

    Options: `iso2` (as the data set names the language), and those of `QASpec`.
    """

    FOLDER = "xquad"

    @classmethod
    def tasks(cls) -> list[Definition]:
        """One task per language of XQuAD."""
        return [
            Definition(
                f"tli_xquad_{code}",
                {"language": code, "iso2": iso2},
                offline=has_fixture("xquad", f"xquad.{iso2}.json"),
                suite=(code,),
            )
            for code, iso2 in named_in("xquad").items()
        ]

    def questions(self) -> Loaded[Question]:
        """All questions of the language."""
        return xquad(self.need("iso2"), self.data_dir)
