"""Retrieval on XQuAD, after LAReQA (Roy et al. 2020): from a question to what answers it, within and across languages."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from tli_bench.base.errors import InputError, UnscorableError
from tli_bench.downstream.candidates import Passages, at_hand, passages
from tli_bench.downstream.datasets import has_fixture, named_in
from tli_bench.downstream.embedded import EmbeddedSpec, Item, Scores, cosines
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.scorers.ranking import Floats, rank_scores
from tli_bench.downstream.sources import Loaded
from tli_bench.downstream.spec import Definition, Document, Embed, Request
from tli_bench.languages import pivot
from tli_bench.models.identity import State

ALL = "all"
"""In place of a language of the candidates: every language whose file is there, as in LAReQA's pool of eleven."""


class XQuADR(EmbeddedSpec):
    """Question in one language, candidates in the same, in another or in all, ranked by cosine of hidden states.

    Options: `source`, `source_iso2` (of the questions), `target`, `target_iso2` (of the candidates; `target: all` for every
    language that is there), `unit` (`sentence` or `paragraph`). The pool holds the candidates of all documents run, so `--limit`
    makes it smaller; its size is the metric `pool`. A sentence is right when a gold answer begins in it, in each language of the
    pool. Where there is LAReQA's own file its sentences are the candidates, each place in it one candidate, else distinct
    sentences as `sentences` splits them; the metadata name the splitter and the pool of each language.
    """

    VERSION = 2  # the pool of the headline is the whole one
    TITLE = "passage retrieval (from question to answer)"
    MEASURES: ClassVar[dict[str, bool]] = {"p1": True, "mrr": True, "map": True, "pool": True}
    CHOICE = "map"

    FOLDER = "xquad"

    def __init__(self, task: str, options: Mapping[str, Any]) -> None:
        super().__init__(task, options)
        self._facts: dict[str, Any] = {}

    @classmethod
    def tasks(cls) -> list[Definition]:
        """Every direction of the languages with fixtures, every other language with itself and the pivot, and each with all."""
        names, main = named_in("xquad"), pivot().code
        offline = [code for code, iso2 in names.items() if has_fixture("xquad", f"xquad.{iso2}.json")]
        pairs = [(source, target) for source in offline for target in offline]
        for code in names:
            if code not in offline:
                pairs += [(code, code), (code, main), (main, code)]
        found = [
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
        for code in named_in("lareqa"):
            options = {"source": code, "source_iso2": names[code], "target": ALL, "unit": "sentence"}
            found.append(
                Definition(f"tli_xquad_r_pool_{code}", options, offline=code in offline, group="tli_xquad_r_pool")
            )
        return found

    def load(self) -> Loaded[Document]:
        """One document per question that the other languages have too, under the same id."""
        asked = passages(self.need("source"), self.need("source_iso2"), self.data_dir)
        pools = [
            asked if code == self.need("source") else passages(code, iso2, self.data_dir)
            for code, iso2 in self._pools().items()
        ]
        unit = self._unit()
        there = [{question.id: question for question in pool.questions} for pool in pools]
        docs, listed = [], set[tuple[str, str]]()
        for position, question in enumerate(asked.questions):
            candidates: list[tuple[str, str, str]] = []
            gold: list[tuple[str, str]] = []
            for pool, by_id in zip(pools, there, strict=True):
                other = by_id.get(question.id)
                if other is None:
                    raise DataError(f"{pool.source}: no question `id` {question.id!r}, which {asked.source} has")
                found = pool.candidates(other, unit)
                right = [one for one in found if any(one.start <= start < one.end for start in other.starts)]
                # A paragraph's candidates come with its first question: later ones need no more than what is right for them.
                first = (pool.language, other.context) not in listed
                listed.add((pool.language, other.context))
                candidates += [(one.place, one.text, pool.language) for one in (found if first or not right else right)]
                gold += [(one.place, one.text) for one in right]
            docs.append(
                {
                    "position": position,
                    "question": question.question,
                    "candidates": [text for _, text, _ in candidates],
                    "places": [place for place, _, _ in candidates],
                    "languages": [language for _, _, language in candidates],
                    "gold": list(dict.fromkeys(text for _, text in gold)),
                    "right": [place for place, _ in gold],
                }
            )
        unanswered = sum(not doc["right"] for doc in docs)
        self._facts = {"splitter": _splitters(pools, unit), "pool": _sizes(docs), "unanswered": unanswered}
        return Loaded(docs, f"{asked.source} -> {' + '.join(dict.fromkeys(pool.source for pool in pools))}")

    def facts(self) -> dict[str, Any]:
        """The splitter, how many candidates each language has in the pool, and how many questions none of them answers."""
        return self._facts

    def _pools(self) -> dict[str, str]:
        """The data set's name for each language of the candidates."""
        if self.need("target") != ALL:
            return {self.need("target"): self.need("target_iso2")}
        return at_hand(named_in("lareqa"), self.data_dir)

    def _unit(self) -> str:
        unit = str(self.options.get("unit", "sentence"))
        if unit not in ("sentence", "paragraph"):
            raise InputError(f"task {self.task}: `metadata.unit` must be `sentence` or `paragraph`, got {unit!r}")
        return unit

    def prompt(self, doc: Document) -> str:
        """The question; there is no prompt."""
        return str(doc["question"])

    def target(self, doc: Document) -> str:
        """The first right candidate; empty where no sentence holds the answer, and the question is not asked."""
        return str(next(iter(doc["gold"]), ""))

    def texts(self, doc: Document) -> list[tuple[str, str]]:
        """The question next to each candidate of its paragraph."""
        return [(doc["question"], candidate) for candidate in doc["candidates"]]

    def requests(self, doc: Document) -> list[Request]:
        """One `Embed` per candidate, in the candidate's language."""
        source = self.need("source")
        both = zip(doc["candidates"], doc["languages"], strict=True)
        return [Embed(doc["question"], candidate, f"{source}-{language}") for candidate, language in both]

    def half(self, items: Sequence[Item], start: int) -> list[Item]:
        """The questions at every second position, among the candidates of all: leaving candidates out would be another task."""
        return [
            item if number % 2 == start else ({**item[0], "right": []}, item[1]) for number, item in enumerate(items)
        ]

    def score_layer(self, items: Sequence[Item], state: State, layer: int) -> Scores:
        """Each question against the pool of all candidates."""
        _, scores, gold = self._ranked(items, state, layer)
        return _scores(scores, gold)

    def score_each(self, items: Sequence[Item], state: State, layer: int) -> list[tuple[Document, Scores]]:
        """Every question, as if nobody asked another one of the same pool."""
        docs, scores, gold = self._ranked(items, state, layer)
        rows = [slice(row, row + 1) for row in range(len(docs))]
        return [(doc, _scores(scores[row], gold[row])) for doc, row in zip(docs, rows, strict=True)]

    @staticmethod
    def _ranked(items: Sequence[Item], state: State, layer: int) -> tuple[list[Document], Floats, NDArray[np.bool_]]:
        """The questions, and `[questions, candidates]` their cosines and which are right."""
        pool: dict[str, torch.Tensor] = {}
        for doc, answers in items:
            for place, answer in zip(doc["places"], answers, strict=True):
                pool.setdefault(place, answer.at(state, layer)[1])
        asked = [(doc, answers) for doc, answers in items if doc["right"]]
        if not asked:
            raise UnscorableError("no question to rank candidates for; raise --limit")
        questions = torch.stack([answers[0].at(state, layer)[0] for _, answers in asked])
        column = {place: number for number, place in enumerate(pool)}
        gold = np.zeros((len(asked), len(pool)), dtype=bool)
        for row, (doc, _) in enumerate(asked):
            gold[row, [column[place] for place in doc["right"]]] = True
        return [doc for doc, _ in asked], cosines(questions, torch.stack(list(pool.values()))), gold


def _scores(scores: Floats, gold: NDArray[np.bool_]) -> Scores:
    found = rank_scores(scores, gold)
    return {"p1": found.p1, "mrr": found.mrr, "map": found.map, "pool": float(found.pool)}


def _splitters(pools: Sequence[Passages], unit: str) -> str:
    return "none (paragraphs)" if unit == "paragraph" else " + ".join(dict.fromkeys(pool.splitter for pool in pools))


def _sizes(docs: Sequence[Document]) -> dict[str, int]:
    places: dict[str, set[str]] = {}
    for doc in docs:
        for language, place in zip(doc["languages"], doc["places"], strict=True):
            places.setdefault(language, set()).add(place)
    return {language: len(found) for language, found in places.items()}
