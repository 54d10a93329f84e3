"""Parallel-sentence retrieval: row i of both languages' files is the same sentence."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from tli_bench.base.paths import data_dir
from tli_bench.downstream.base import Document
from tli_bench.downstream.embedded import EmbeddedTask, Item, Scores, cosines
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.parallel import read_parallel
from tli_bench.downstream.readers import read_sentences
from tli_bench.downstream.scorers.ranking import rank_scores, xsim_error
from tli_bench.downstream.sources import FIXTURES, HUB, Loaded, find_file
from tli_bench.languages import resolve_language
from tli_bench.measures import retrieval
from tli_bench.models.identity import State


class BitextTask(EmbeddedTask):
    """Tatoeba, FLORES or NTREX style retrieval by cosine; the pool is the set's distinct sentences.

    metadata: `source`, `target` (codes); `hub`, a set of `tasks/bitext/hub.yaml`, read from the Hub; `data_dir`, a folder
    with `<code>.txt`, FLORES' `<code>.devtest` or `<code>.dev`, or NTREX' `newstest2019-ref.<iso>.txt`, read in its place.
    With neither the project's own sample of 102 sentences.
    """

    MEASURES: ClassVar[dict[str, bool]] = {
        "p1": True, "mrr": True, "p1_forward": True, "p1_backward": True, "mexa": True, "xsim_error_forward": False,
        "xsim_error_backward": False,
    }  # fmt: skip

    def load(self) -> tuple[list[Document], str]:
        """One document a sentence pair."""
        found = self._pairs()
        docs = [{"position": i, "source": source, "target": target} for i, (source, target) in enumerate(found.items)]
        return docs, found.source

    def _pairs(self) -> Loaded[tuple[str, str]]:
        chosen, hub = self.data_dir, self.meta.get("hub")
        source, target = (resolve_language(self.need(side)).code for side in ("source", "target"))
        if chosen not in (None, HUB, FIXTURES):
            folder = Path(str(chosen)).expanduser()
            return Loaded(read_folder(folder, source, target), str(folder))
        if hub is None:
            return Loaded(read_folder(data_dir("tasks") / "bitext" / "sample", source, target), "sample:bitext")
        if chosen == FIXTURES:
            raise DataError(
                f"task {self.config.task} has no fixtures; take tli_bitext_{source}-{target} for the project's own sentences, "
                f"or give data_dir={HUB} or a folder"
            )
        return read_parallel(str(hub), source, target)

    def doc_to_text(self, doc: Document) -> str:
        """The source sentence; there is no prompt."""
        return str(doc["source"])

    def doc_to_target(self, doc: Document) -> str:
        """The target sentence."""
        return str(doc["target"])

    def texts(self, doc: Document) -> list[tuple[str, str]]:
        """The sentence pair."""
        return [(doc["source"], doc["target"])]

    def score(self, items: Sequence[Item], state: State, layer: int) -> Scores:
        """Both directions of one layer; equal sentences of the set accept each other's translations."""
        both = torch.stack([self.vectors(responses[0], state, layer) for _, responses in items])
        similarity = cosines(both[:, 0], both[:, 1])
        texts = [np.array([doc[side] for doc, _ in items]) for side in ("source", "target")]
        gold = (texts[0][:, None] == texts[0][None, :]) | (texts[1][:, None] == texts[1][None, :])
        forward, backward = rank_scores(similarity, gold), rank_scores(similarity.T, gold.T)
        return {
            "p1": (forward.p1 + backward.p1) / 2,
            "mrr": (forward.mrr + backward.mrr) / 2,
            "p1_forward": forward.p1,
            "p1_backward": backward.p1,
            "mexa": retrieval.mexa(torch.from_numpy(similarity), torch.from_numpy(gold), tolerance=1e-7),
            "xsim_error_forward": xsim_error(similarity),
            "xsim_error_backward": xsim_error(similarity.T),
        }


def read_folder(folder: Path, source: str, target: str) -> list[tuple[str, str]]:
    """Sentence pairs of two files of a folder, line by line; raises DataError where they are not parallel."""
    paths = [find_file(folder, file_names(code)) for code in (source, target)]
    left, right = (read_sentences(path) for path in paths)
    if len(left) != len(right):
        raise DataError(
            f"{paths[0]} has {len(left)} lines and {paths[1]} has {len(right)}; line i of both must be the same sentence"
        )
    return list(zip(left, right, strict=True))


def file_names(code: str) -> list[str]:
    """File names of a language in the layouts read, in the order tried."""
    language = resolve_language(code)
    return [
        f"{language.code}.txt",
        f"{language.code}.devtest",
        f"{language.code}.dev",
        *([language.datasets["ntrex_file"]] if "ntrex_file" in language.datasets else []),
        f"newstest2019-ref.{language.iso}.txt",
        *(f"newstest2019-ref.{name}.txt" for name in language.called),
    ]
