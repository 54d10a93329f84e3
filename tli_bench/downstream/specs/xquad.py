"""XQuAD: the same questions in twelve languages, answered in the language itself."""

from tli_bench.base.errors import InputError
from tli_bench.base.paths import data_dir
from tli_bench.downstream.datasets import has_fixture, named_in
from tli_bench.downstream.qa import QASpec, xquad
from tli_bench.downstream.readers import Question, read_squad
from tli_bench.downstream.sources import FIXTURES, Loaded, file_in, folder_of
from tli_bench.downstream.spec import Definition


class XQuAD(QASpec):
    """XQuAD (Artetxe et al. 2020): `google/xquad`, or a folder with `xquad.<iso2>.json`.

    Options: `iso2` (as the data set names the language), and those of `QASpec`. Every question of XQuAD is scored, so
    few-shot examples are `xquad.<iso2>.fewshot.json` in the folder, which is no part of it.
    """

    VERSION = 2  # contexts lose the U+FEFF that five of the official Turkish ones begin with

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

    def example_questions(self, chosen: str) -> Loaded[Question]:
        """The questions of `xquad.<iso2>.fewshot.json` in the folder; raises InputError where there is none."""
        iso2, own = self.need("iso2"), data_dir("tasks") / "xquad" / FIXTURES
        name = f"xquad.{iso2}.fewshot.json"
        folder = own if chosen == FIXTURES else folder_of(chosen)
        path = None if folder is None else file_in(folder, (name,), places=("xquad",))
        if path is None:
            raise InputError(
                f"task {self.task}: XQuAD has one split, and that is scored, so there is nothing to take examples from "
                f"({folder or 'the Hub'}). Leave out --num-fewshot, or give a folder with --data-dir that holds "
                f"xquad.{iso2}.json and {name}, questions in the same language and layout ({own} has some in en, es, tr)"
            )
        return Loaded(read_squad(path), f"{FIXTURES}:xquad/{name}" if folder == own else name)
