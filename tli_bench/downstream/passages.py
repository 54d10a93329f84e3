"""Retrieval on XQuAD, after LAReQA (Roy et al. 2020): from a question to what answers it, within and across languages."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch

from tli_bench.downstream.base import Document
from tli_bench.downstream.embedded import EmbeddedTask, Item, Scores, cosines, need_unit
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.qa import xquad
from tli_bench.downstream.scorers.ranking import rank_scores
from tli_bench.downstream.sentences import sentences
from tli_bench.models.identity import State


class PassageRetrievalTask(EmbeddedTask):
    """Question in one language, candidates in the same or another, ranked by cosine of hidden states.

    metadata: `source`, `source_iso2` (of the questions), `target`, `target_iso2` (of the candidates), `unit` (`sentence` or
    `paragraph`). The pool holds the distinct candidates of all documents run, so `--limit` makes it smaller; its size is
    the metric `pool`. A sentence is right when a gold answer begins in it.
    """

    MEASURES: ClassVar[dict[str, bool]] = {"p1": True, "mrr": True, "map": True, "pool": True}

    def load(self) -> tuple[list[Document], str]:
        """One document a question that the other language has too, under the same id."""
        asked = xquad(self.need("source_iso2"), self.data_dir)
        answering = xquad(self.need("target_iso2"), self.data_dir)
        unit = need_unit(str(self.meta.get("unit", "sentence")))
        there = {question.id: question for question in answering.items}
        docs = []
        for position, question in enumerate(asked.items):
            other = there.get(question.id)
            if other is None:
                raise DataError(f"{answering.source}: no question `id` {question.id!r}, which {asked.source} has")
            if unit == "paragraph":
                candidates, gold = [other.context], [other.context]
            else:
                cut = sentences(other.context)
                candidates = [sentence.text for sentence in cut]
                gold = [s.text for s in cut if any(s.start <= start < s.end for start in other.starts)]
            docs.append({"position": position, "question": question.question, "candidates": candidates, "gold": gold})
        return docs, f"{asked.source} -> {answering.source}"

    def doc_to_text(self, doc: Document) -> str:
        """The question; there is no prompt."""
        return str(doc["question"])

    def doc_to_target(self, doc: Document) -> str:
        """The first right candidate."""
        return str(doc["gold"][0])

    def texts(self, doc: Document) -> list[tuple[str, str]]:
        """The question beside each candidate of its paragraph."""
        return [(doc["question"], candidate) for candidate in doc["candidates"]]

    def score(self, items: Sequence[Item], state: State, layer: int) -> Scores:
        """Each question against the pool of all candidates."""
        pool: dict[str, torch.Tensor] = {}
        for doc, responses in items:
            for text, response in zip(doc["candidates"], responses, strict=True):
                pool.setdefault(text, self.vectors(response, state, layer)[1])
        questions = torch.stack([self.vectors(responses[0], state, layer)[0] for _, responses in items])
        gold = np.array([[text in set(doc["gold"]) for text in pool] for doc, _ in items])
        found = rank_scores(cosines(questions, torch.stack(list(pool.values()))), gold)
        return {"p1": found.p1, "mrr": found.mrr, "map": found.map, "pool": float(found.pool)}
