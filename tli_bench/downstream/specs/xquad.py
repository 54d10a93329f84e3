"""XQuAD: the same questions in twelve languages, answered in the language itself."""

from tli_bench.downstream.qa import QASpec, xquad
from tli_bench.downstream.readers import Question
from tli_bench.downstream.sources import Loaded


class XQuAD(QASpec):
    """XQuAD (Artetxe et al. 2020): `google/xquad`, or a folder with `xquad.<iso2>.json`.

    Options: `iso2` (as the data set names the language), and those of `QASpec`.
    """

    def questions(self) -> Loaded[Question]:
        """All questions of the language."""
        return xquad(self.need("iso2"), self.data_dir)
