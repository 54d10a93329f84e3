"""UD-POS, XTREME-R's parts of speech, by a linear probe: the universal tags of Universal Dependencies treebanks."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from tli_bench.downstream.datasets import has_fixture
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.labels import read_conllu, sentence_of_row
from tli_bench.downstream.scorers.spans import word_parts
from tli_bench.downstream.sources import HubSet, Loaded, folder_of, load
from tli_bench.downstream.spec import Definition
from tli_bench.downstream.tagged import HUB_SPLITS, TEST, TaggedSentence, TaggedSpec

TAGS = (
    "NOUN", "PUNCT", "ADP", "NUM", "SYM", "SCONJ", "ADJ", "PART", "DET", "CCONJ", "PROPN", "PRON", "X", "_", "ADV", "INTJ", "VERB", "AUX",
)  # fmt: skip
"""What the numbers of the Hub's column mean, where it holds numbers."""


class UDPOS(TaggedSpec):
    """Accuracy over words (Nivre et al. 2020): `universal-dependencies/universal_dependencies`, or a folder of a release, with
    `<treebank>-ud-<split>.conllu` in it or in one of its folders.

    Options: `called` and `english` (treebanks), and those of `TaggedSpec`. Words are the syntactic words of the treebank.
    """

    TITLE = "parts of speech (linear probe)"
    SCORE: ClassVar[str] = "accuracy"

    @classmethod
    def tasks(cls) -> list[Definition]:
        """One task per language of the lexicon that has a treebank, English as well."""
        return cls.per_language("tli_udpos", "ud", lambda called: has_fixture("udpos", f"{called}-ud-{TEST}.conllu"))

    def sentences(self, called: str, split: str) -> Loaded[TaggedSentence]:
        """A split of a treebank; raises DataError where full stops are not tagged as punctuation: then numbers mean other tags."""
        found = load(
            chosen=self.data_dir,
            task="udpos",
            files=self._files(f"{called}-ud-{split}.conllu"),
            read=read_conllu,
            hub=HubSet("universal-dependencies/universal_dependencies", called, HUB_SPLITS[split]),
            of_row=lambda row, source, number: sentence_of_row(
                row, source=source, number=number, tags="upos", names=TAGS
            ),
        )
        stops = Counter(
            tag for one in found.items for word, tag in zip(one.words, one.tags, strict=True) if word == "."
        )
        if stops and stops.most_common(1)[0][0] != "PUNCT":
            raise DataError(
                f"{found.source}: `.` is mostly tagged {stops.most_common(1)[0][0]}, not PUNCT; the tags mean something else"
            )
        return found

    def _files(self, name: str) -> list[str]:
        """A file's name in the folder asked for, in the folders of treebanks there, and where a folder of several sets has those."""
        folder = folder_of(self.data_dir)
        if folder is None:
            return [name]
        below = sorted(
            str(path.relative_to(folder)) for depth in ("*", "*/*") for path in folder.glob(f"{depth}/{name}")
        )
        return [name, *below]

    def parts(self, said: Sequence[str], gold: Sequence[str]) -> tuple[float, float]:
        """Words, tagged right."""
        return word_parts(said, gold)
