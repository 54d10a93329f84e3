"""Retrieval on XQuAD, after LAReQA (Roy et al. 2020): from a question to what answers it, within and across languages."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch

from tli_bench.base.errors import InputError
from tli_bench.downstream.datasets import has_fixture, named_in
from tli_bench.downstream.embedded import EmbeddedSpec, Item, Scores, cosines
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.qa import xquad
from tli_bench.downstream.scorers.ranking import rank_scores
from tli_bench.downstream.sentences import sentences
from tli_bench.downstream.sources import Loaded
from tli_bench.downstream.spec import Definition, Document
from tli_bench.languages import pivot
from tli_bench.models.identity import State


class XQuADR(EmbeddedSpec):
    """Question in one language, candidates in the same or another, ranked by cosine of hidden states.

    Options: `source`, `source_iso2` (of the questions), `target`, `target_iso2` (of the candidates), `unit` (`sentence` or
    `paragraph`). The pool holds the distinct candidates of all documents run, so `--limit` makes it smaller; its size is
    the metric `pool`. A sentence is right when a gold answer begins in it.
    """

    TITLE = "passage retrieval (from question to answer)"
    MEASURES: ClassVar[dict[str, bool]] = {"p1": True, "mrr": True, "map": True, "pool": True}

    FOLDER = "xquad"

    @classmethod
    def tasks(cls) -> list[Definition]:
        """Every direction of the languages with fixtures, and every other language with itself and the pivot."""
        names, main = named_in("xquad"), pivot().code
        offline = [code for code, iso2 in names.items() if has_fixture("xquad", f"xquad.{iso2}.json")]
        pairs = [(source, target) for source in offline for target in offline]
        for code in names:
            if code not in offline:
                pairs += [(code, code), (code, main), (main, code)]
        return [
            Definition(
                f"tli_xquad_r_{unit}_{source}-{target}",
                {
                    "source": source, "source_iso2": names[source], "target": target, "target_iso2": names[target],
                    "unit": unit,
                },
                offline={source, target} <= set(offline),
                group=None if unit == "sentence" else "tli_xquad_r_paragraph",
                suite=(source, target) if unit == "sentence" and (source == target or main in (source, target)) else (),
            )
            for source, target in pairs
            for unit in ("sentence", "paragraph")
        ]  # fmt: skip

    def load(self) -> Loaded[Document]:
        """One document per question that the other language has too, under the same id."""
        asked = xquad(self.need("source_iso2"), self.data_dir)
        answering = xquad(self.need("target_iso2"), self.data_dir)
        unit = self._unit()
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
        return Loaded(docs, f"{asked.source} -> {answering.source}")

    def _unit(self) -> str:
        unit = str(self.options.get("unit", "sentence"))
        if unit not in ("sentence", "paragraph"):
            raise InputError(f"task {self.task}: `metadata.unit` must be `sentence` or `paragraph`, got {unit!r}")
        return unit

    def prompt(self, doc: Document) -> str:
        """The question; there is no prompt."""
        return str(doc["question"])

    def target(self, doc: Document) -> str:
        """The first right candidate."""
        return str(doc["gold"][0])

    def texts(self, doc: Document) -> list[tuple[str, str]]:
        """The question next to each candidate of its paragraph."""
        return [(doc["question"], candidate) for candidate in doc["candidates"]]

    def score_layer(self, items: Sequence[Item], state: State, layer: int) -> Scores:
        """Each question against the pool of all candidates."""
        pool: dict[str, torch.Tensor] = {}
        for doc, answers in items:
            for text, answer in zip(doc["candidates"], answers, strict=True):
                pool.setdefault(text, answer.vectors[state][layer][1])
        questions = torch.stack([answers[0].vectors[state][layer][0] for _, answers in items])
        gold = np.array([[text in set(doc["gold"]) for text in pool] for doc, _ in items])
        found = rank_scores(cosines(questions, torch.stack(list(pool.values()))), gold)
        return {"p1": found.p1, "mrr": found.mrr, "map": found.map, "pool": float(found.pool)}
