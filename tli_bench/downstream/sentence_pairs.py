"""Tasks over sentence pairs: from a folder that was named, a set on the Hub, or the project's own sample."""

from typing import ClassVar

from tli_bench.base.paths import data_dir
from tli_bench.downstream.embedded import EmbeddedSpec
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.folders import read_folder
from tli_bench.downstream.parallel import read_parallel
from tli_bench.downstream.sources import FIXTURES, HUB, Loaded, folder_of
from tli_bench.downstream.spec import Document, DownstreamSpec
from tli_bench.languages import resolve_language


def read_sentence_pairs(spec: DownstreamSpec) -> Loaded[tuple[str, str]]:
    """Sentence pairs of `source` and `target`, options of the specification, as are `data_dir` and `hub`, a set of `tasks/bitext/hub.yaml`.

    Without a set it is the sample of 102 sentences. Raises DataError where the files or the set cannot be read.
    """
    chosen, hub = spec.data_dir, spec.options.get("hub")
    source, target = (resolve_language(spec.need(side)).code for side in ("source", "target"))
    if folder := folder_of(chosen):
        return Loaded(read_folder(folder, source, target, name=None if hub is None else str(hub)), str(folder))
    if hub is None:
        return Loaded(read_folder(data_dir("tasks") / "bitext" / "sample", source, target), "sample:bitext")
    if chosen == FIXTURES:
        raise DataError(
            f"task {spec.task} has no fixtures; use tli_bitext_{source}-{target} for the project's own sentences, "
            f"or give data_dir={HUB} or a folder"
        )
    return read_parallel(str(hub), source, target)


class SentencePairs(EmbeddedSpec):
    """One document for each sentence pair that `read_sentence_pairs` finds."""

    FIRST: ClassVar[int | None] = None
    """How many of the pairs, from the first; None for all."""

    def load(self) -> Loaded[Document]:
        """One document per sentence pair."""
        found = read_sentence_pairs(self)
        pairs = found.items[: self.FIRST]
        docs = [{"position": i, "source": source, "target": target} for i, (source, target) in enumerate(pairs)]
        return Loaded(docs, found.source)

    def prompt(self, doc: Document) -> str:
        """The source sentence; there is no prompt."""
        return str(doc["source"])

    def target(self, doc: Document) -> str:
        """The target sentence."""
        return str(doc["target"])

    def texts(self, doc: Document) -> list[tuple[str, str]]:
        """The sentence pair."""
        return [(doc["source"], doc["target"])]
