"""SIB-200: which of seven topics is a sentence of FLORES about? The one classification task that all eleven languages have."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from tli_bench.downstream.choice import ChoiceSpec
from tli_bench.downstream.datasets import named_in
from tli_bench.downstream.prompts import fill, prompts
from tli_bench.downstream.sources import Loaded
from tli_bench.downstream.spec import Definition, Document, Metric
from tli_bench.downstream.topics import read_sib200, topics


def macro_f1(pairs: Sequence[tuple[str, str]]) -> float:
    """F1 of each topic that occurs as a right answer, averaged (scikit-learn's); pairs: what was said, and what is right."""
    from sklearn.metrics import f1_score  # type: ignore[import-untyped]

    said, right = zip(*pairs, strict=True)
    return float(f1_score(right, said, labels=sorted(set(right)), average="macro"))


class SIB200(ChoiceSpec):
    """SIB-200 (Adelani et al. 2024): `Davlan/sib200`, or a folder with `<language>/test.tsv` (`data/annotated` of its repository).

    Options: `language` (a code), `called` (the set's name of it). The prompt is English for every language.
    """

    TITLE = "topics"
    METRICS: ClassVar[Mapping[str, Metric]] = {**ChoiceSpec.METRICS, "f1_macro": Metric(True, macro_f1)}

    @classmethod
    def tasks(cls) -> list[Definition]:
        """One task per language."""
        return [
            Definition(f"tli_sib200_{code}", {"language": code, "called": called}, offline=False, suite=(code,))
            for code, called in named_in("sib200").items()
        ]

    def load(self) -> Loaded[Document]:
        """One document per sentence of the test split."""
        found, known = read_sib200(self.need("called"), "test", self.data_dir), topics()
        docs = [{"text": one.text, "options": list(known), "gold": known.index(one.topic)} for one in found.items]
        return Loaded(docs, found.source)

    def prompt(self, doc: Document) -> str:
        """The sentence and the topics to choose from, in English."""
        return fill(prompts("sib200")["topic"], text=doc["text"], topics=", ".join(doc["options"]))

    def score(self, doc: Document, answers: Sequence[float]) -> dict[str, object]:
        """As in every multiple choice, and the likeliest topic next to the right one."""
        said = doc["options"][max(range(len(answers)), key=lambda i: answers[i])]
        return {**super().score(doc, answers), "f1_macro": (said, doc["options"][doc["gold"]])}
