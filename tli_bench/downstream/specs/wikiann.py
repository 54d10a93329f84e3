"""WikiANN-NER, XTREME-R's named entities, by a linear probe: persons, organisations and places in sentences of Wikipedia."""

from collections.abc import Sequence
from typing import ClassVar

from tli_bench.downstream.datasets import has_fixture
from tli_bench.downstream.labels import read_wikiann, sentence_of_row
from tli_bench.downstream.scorers.spans import span_parts
from tli_bench.downstream.sources import HubSet, Loaded, load
from tli_bench.downstream.spec import Definition
from tli_bench.downstream.tagged import HUB_SPLITS, TEST, TaggedSentence, TaggedSpec

TAGS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
"""What the numbers of the Hub's column mean."""


class WikiANN(TaggedSpec):
    """F1 over entities (Pan et al. 2017; splits of Rahimi et al. 2019): `unimelb-nlp/wikiann`, or a folder with the unpacked archives
    `<iso2>/train`, `<iso2>/dev` and `<iso2>/test`.

    Options: `called` and `english` (the set's names of the language and of English), and those of `TaggedSpec`.
    """

    TITLE = "named entities (linear probe)"
    SCORE: ClassVar[str] = "f1"

    @classmethod
    def tasks(cls) -> list[Definition]:
        """One task per language of the lexicon that the set has, English as well."""
        return cls.per_language("tli_wikiann", "wikiann", lambda called: has_fixture("wikiann", f"{called}/{TEST}"))

    def sentences(self, called: str, split: str) -> Loaded[TaggedSentence]:
        """A split of the set in one language."""
        return load(
            chosen=self.data_dir,
            task="wikiann",
            files=(f"{called}/{split}",),
            read=lambda path: read_wikiann(path, language=called),
            hub=HubSet("unimelb-nlp/wikiann", called, HUB_SPLITS[split]),
            of_row=lambda row, source, number: sentence_of_row(
                row, source=source, number=number, tags="ner_tags", names=TAGS
            ),
        )

    def parts(self, said: Sequence[str], gold: Sequence[str]) -> tuple[float, float]:
        """Entities, whole and of the right type."""
        return span_parts(said, gold)
