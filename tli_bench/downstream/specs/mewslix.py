"""Mewsli-X, XTREME-R's entity linking as retrieval: from a mention in the news to the entity's description, often in another language."""

import random
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from tli_bench.downstream.datasets import named_in
from tli_bench.downstream.embedded import EmbeddedSpec, Item, Scores, cosines
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.readers import json_line
from tli_bench.downstream.scorers.ranking import rank_scores
from tli_bench.downstream.sources import Loaded, find_file, folder_of
from tli_bench.downstream.spec import Definition, Document
from tli_bench.languages import pivot
from tli_bench.models.identity import State

MENTIONS, ENTITIES = "wikinews_mentions-test.jsonl", "candidate_set_entities.jsonl"
WHERE = "give the folder that the authors' get-mewsli-x.sh fills (google-research, dense_representations_for_entity_retrieval/mel)"


class MewsliX(EmbeddedSpec):
    """Mewsli-X (Ruder et al. 2021), zero-shot, from a folder with its mentions in WikiNews and its candidate entities.

    A query is the mention, a colon and its sentence; a candidate is the title, a colon and the first sentence of the description.
    At most `size` (500) mentions of the language are drawn, with `seed`. The pool is the entities of those mentions and
    `distractors` (3) others per mention, drawn from the million: embedding all of them is out of reach here, so scores are not
    comparable with published ones, and the pool's size is the metric `pool`. Options: `source` (a code), `called` (ISO 639-1).
    """

    TITLE = "entity retrieval (from mention to description)"
    MEASURES: ClassVar[dict[str, bool]] = {"p1": True, "mrr": True, "pool": True}

    @classmethod
    def tasks(cls) -> list[Definition]:
        """One task per language of the mentions that is known here; in no suite, since a suite reads the Hub."""
        return [
            Definition(f"tli_mewslix_{code}", {"source": code, "target": pivot().code, "called": called}, offline=False)
            for code, called in named_in("mewslix").items()
        ]

    def load(self) -> Loaded[Document]:
        """One document per mention: the query, its entity, and entities that are none of the mentions'."""
        folder = folder_of(self.data_dir)
        if folder is None:
            raise DataError(f"task {self.task} reads a folder, got data_dir={self.data_dir}; {WHERE}")
        rng = random.Random(int(self.options.get("seed", 0)))
        mentions, entities = (find_file(folder, (name,), places=("mewsli-x",)) for name in (MENTIONS, ENTITIES))
        queries = list(_mentions(mentions, self.need("called")))
        if not queries:
            raise DataError(f"{mentions}: no mentions whose `context.language` is {self.need('called')!r}")
        size = int(self.options.get("size", 500))
        kept = [queries[i] for i in sorted(rng.sample(range(len(queries)), min(size, len(queries))))]
        each = int(self.options.get("distractors", 3))
        gold, others = _entities(entities, {entity for _, entity in kept}, each * len(kept), rng)
        docs: list[Document] = []
        for position, (query, entity) in enumerate(kept):
            if entity not in gold:
                raise DataError(f"{entities}: no entity {entity!r}, which {MENTIONS} links to")
            drawn = others[position * each : (position + 1) * each]
            docs.append(
                {"position": position, "query": query, "gold": gold[entity], "candidates": [gold[entity], *drawn]}
            )
        return Loaded(docs, str(folder))

    def prompt(self, doc: Document) -> str:
        """The query; there is no prompt."""
        return str(doc["query"])

    def target(self, doc: Document) -> str:
        """The right entity's text."""
        return str(doc["gold"])

    def texts(self, doc: Document) -> list[tuple[str, str]]:
        """The query next to each of its candidates."""
        return [(doc["query"], candidate) for candidate in doc["candidates"]]

    def score_layer(self, items: Sequence[Item], state: State, layer: int) -> Scores:
        """Each mention against the pool of all candidates."""
        pool: dict[str, torch.Tensor] = {}
        for doc, answers in items:
            for text, answer in zip(doc["candidates"], answers, strict=True):
                pool.setdefault(text, answer.at(state, layer)[1])
        queries = torch.stack([answers[0].at(state, layer)[0] for _, answers in items])
        gold = np.array([[text == doc["gold"] for text in pool] for doc, _ in items])
        found = rank_scores(cosines(queries, torch.stack(list(pool.values()))), gold)
        return {"p1": found.p1, "mrr": found.mrr, "pool": float(found.pool)}


def _mentions(path: Path, language: str) -> Iterator[tuple[str, str]]:
    """(query, entity) of every mention in articles of a language."""
    for where, row in _rows(path):
        context, mentions = row.get("context"), row.get("mentions")
        if not isinstance(context, dict) or not isinstance(mentions, list):
            raise DataError(f"{where}: `context` and `mentions` are expected, got {', '.join(map(str, row)):.100}")
        if context.get("language") != language:
            continue
        text = context.get("text")
        if not isinstance(text, str) or not text:
            raise DataError(f"{where}: `context.text` is empty: restore the texts of the articles; {WHERE}")
        for mention in mentions:
            span = mention.get("mention_span") or {}
            start, end = span.get("start"), span.get("end")
            if not isinstance(start, int) or not isinstance(end, int) or text[start:end] != span.get("text"):
                raise DataError(f"{where}: `mention_span` does not match the text, got {span!r:.80}")
            yield f"{_tidy(text[start:end])}: {_sentence(context, start)}", str(mention.get("entity_id"))


def _entities(path: Path, wanted: set[str], size: int, rng: random.Random) -> tuple[dict[str, str], list[str]]:
    """The texts of the entities wanted, by id, and of `size` others, drawn in one pass (reservoir sampling)."""
    found: dict[str, str] = {}
    others: list[str] = []
    seen = 0
    for where, row in _rows(path):
        ident = row.get("entity_id")
        if ident in wanted:
            found[str(ident)] = _entity(row, where)
            continue
        seen += 1
        place = len(others) if len(others) < size else rng.randrange(seen)
        if place < size:
            others[place : place + 1] = [_entity(row, where)]
    if len(others) < size:
        raise DataError(
            f"{path}: {seen} entities besides the mentions' are fewer than the {size} to draw; lower `distractors`"
        )
    return found, others


def _entity(row: Mapping[str, Any], where: str) -> str:
    title, description = row.get("title"), row.get("description")
    if not isinstance(title, str) or not isinstance(description, str) or not description.strip():
        raise DataError(f"{where}: `title` and `description` must be texts, got {title!r:.40} and {description!r:.40}")
    return f"{_tidy(title)}: {_sentence({**row, 'text': description}, 0)}"


def _sentence(holder: Mapping[str, Any], place: int) -> str:
    """The sentence of `text` that holds a position; the whole text where none does."""
    text = str(holder["text"])
    for span in holder.get("sentence_spans") or ():
        if span["start"] <= place < span["end"]:
            return _tidy(text[span["start"] : span["end"]])
    return _tidy(text)


def _tidy(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where it stands and the object of each line; the file of entities is half a gigabyte, so it is not read at once."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            where = f"{path}: line {number}"
            row = json_line(line, where)
            if not isinstance(row, dict):
                raise DataError(f"{where} must be an object, got {row!r:.40}")
            yield where, row
