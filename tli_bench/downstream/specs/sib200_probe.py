"""SIB-200 by a linear probe: what a sentence is about, learnt from English sentences' hidden states and tested on another language's."""

from collections.abc import Sequence
from typing import ClassVar

from tli_bench.downstream.scorers.spans import word_parts
from tli_bench.downstream.sources import Loaded
from tli_bench.downstream.spec import Definition
from tli_bench.downstream.tagged import DEV, HUB_SPLITS, TEST, TRAIN, TaggedSentence, TaggedSpec
from tli_bench.downstream.topics import read_sib200


class SIB200Probe(TaggedSpec):
    """Accuracy over sentences. A sentence is one unit with one tag, its topic; its vector is the mean over all its tokens.

    The sentences are FLORES's, the same in every language, so an English one that taught a topic is never the one that is
    tested: the splits hold different sentences. Options: those of `TaggedSpec`. A prompt asks the same in `tli_sib200_...`.
    """

    TITLE = "topics (linear probe)"
    SCORE: ClassVar[str] = "accuracy"
    SIZES: ClassVar[dict[str, int]] = {TRAIN: 701, DEV: 99, TEST: 204}

    FOLDER = "sib200"

    @classmethod
    def tasks(cls) -> list[Definition]:
        """One task per language, English as well."""
        return cls.per_language("tli_sib200_probe", "sib200", lambda called: False)

    def sentences(self, called: str, split: str) -> Loaded[TaggedSentence]:
        """A split, each sentence as one unit."""
        found = read_sib200(called, HUB_SPLITS[split], self.data_dir)
        return Loaded([TaggedSentence((one.text,), (one.topic,)) for one in found.items], found.source)

    def parts(self, said: Sequence[str], gold: Sequence[str]) -> tuple[float, float]:
        """Sentences, with the right topic."""
        return word_parts(said, gold)
