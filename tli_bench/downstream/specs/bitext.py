"""Parallel-sentence retrieval: row i of both languages' files is the same sentence."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from tli_bench.base.paths import data_dir
from tli_bench.downstream.embedded import EmbeddedSpec, Item, Scores, cosines
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.folders import read_folder
from tli_bench.downstream.parallel import parallel_sets, read_parallel
from tli_bench.downstream.scorers.ranking import rank_scores, xsim_error
from tli_bench.downstream.sources import FIXTURES, HUB, Loaded
from tli_bench.downstream.spec import Definition, Document
from tli_bench.languages import DEFAULT_PAIRS, resolve_language
from tli_bench.measures import retrieval
from tli_bench.models.identity import State


class Bitext(EmbeddedSpec):
    """Retrieval by cosine in the style of Tatoeba, FLORES or NTREX; the pool is the set's distinct sentences.

    Options: `source`, `target` (codes); `hub`, a set of `tasks/bitext/hub.yaml`, read from the Hub; `data_dir`, a folder
    with `<code>.txt`, FLORES' `<code>.devtest` or `<code>.dev`, or NTREX' `newstest2019-ref.<iso>.txt`, read in its place.
    With neither, it is the project's own sample of 102 sentences.
    """

    TITLE = "parallel sentences"
    MEASURES: ClassVar[dict[str, bool]] = {
        "p1": True, "mrr": True, "p1_forward": True, "p1_backward": True, "mexa": True, "xsim_error_forward": False,
        "xsim_error_backward": False,
    }  # fmt: skip

    @classmethod
    def tasks(cls) -> list[Definition]:
        """For each default pair, one task on the project's sample and one per set of the Hub that has the pair."""
        found = []
        for pair in DEFAULT_PAIRS:
            source, target = pair.split("-")
            sides = {"source": source, "target": target}
            found.append(Definition(f"tli_bitext_{pair}", sides, suite=(source, target)))
            for name, known in parallel_sets().items():
                if known.has(source, target):
                    group = f"tli_bitext_{name}"
                    found.append(Definition(f"{group}_{pair}", {**sides, "hub": name}, offline=False, group=group))
        return found

    def load(self) -> Loaded[Document]:
        """One document per sentence pair."""
        found = self._pairs()
        docs = [{"position": i, "source": source, "target": target} for i, (source, target) in enumerate(found.items)]
        return Loaded(docs, found.source)

    def _pairs(self) -> Loaded[tuple[str, str]]:
        chosen, hub = self.data_dir, self.options.get("hub")
        source, target = (resolve_language(self.need(side)).code for side in ("source", "target"))
        if chosen not in (None, HUB, FIXTURES):
            folder = Path(str(chosen)).expanduser()
            return Loaded(read_folder(folder, source, target), str(folder))
        if hub is None:
            return Loaded(read_folder(data_dir("tasks") / "bitext" / "sample", source, target), "sample:bitext")
        if chosen == FIXTURES:
            raise DataError(
                f"task {self.task} has no fixtures; use tli_bitext_{source}-{target} for the project's own sentences, "
                f"or give data_dir={HUB} or a folder"
            )
        return read_parallel(str(hub), source, target)

    def prompt(self, doc: Document) -> str:
        """The source sentence; there is no prompt."""
        return str(doc["source"])

    def target(self, doc: Document) -> str:
        """The target sentence."""
        return str(doc["target"])

    def texts(self, doc: Document) -> list[tuple[str, str]]:
        """The sentence pair."""
        return [(doc["source"], doc["target"])]

    def score_layer(self, items: Sequence[Item], state: State, layer: int) -> Scores:
        """Both directions of one layer; equal sentences of the set accept each other's translations."""
        both = torch.stack([answers[0].vectors[state][layer] for _, answers in items])
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
