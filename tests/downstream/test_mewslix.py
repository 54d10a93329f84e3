"""Mewsli-X from a folder in its layout (the authors' README and schema.py), with articles and entities of our own."""

import json

import pytest
import torch

from tli_bench.downstream.embedded import Embedding
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.specs.mewslix import ENTITIES, MENTIONS, MewsliX


def spans(text, *sentences):
    found = [{"start": text.index(one), "end": text.index(one) + len(one)} for one in sentences]
    return {"text": text, "sentence_spans": found}


def article(language, text, sentences, mentions):
    context = {
        "document_title": "t",
        "section_title": "",
        "document_url": "u",
        "document_id": "d",
        "language": language,
    }
    return {
        "context": {**context, **spans(text, *sentences)},
        "mentions": [
            {"example_id": f"{i}", "entity_id": entity,
             "mention_span": {"start": text.index(said), "end": text.index(said) + len(said), "text": said}}
            for i, (said, entity) in enumerate(mentions)
        ],
    }  # fmt: skip


def entity(ident, title, description, language="en"):
    first = description.split(". ")[0]
    text = {"description": description, "sentence_spans": [{"start": 0, "end": len(first)}]}
    return {"entity_id": ident, "title": title, "description_language": language, "description_url": "u", **text}


ARTICLES = [
    article(
        "tr", "Limankent'te yağmur var. Mavi Fener toplandı.", ["Limankent'te yağmur var.", "Mavi Fener toplandı."],
        [("Limankent", "Q1"), ("Mavi Fener", "Q2")],
    ),
    article("en", "Harbourton is wet.", ["Harbourton is wet."], [("Harbourton", "Q1")]),
    article("tr", "Aksoylu konuştu.", ["Aksoylu konuştu."], [("Aksoylu", "Q3")]),
]  # fmt: skip
CANDIDATES = [
    entity("Q1", "Harbourton", "Harbourton is a town. It lies at the sea."),
    entity("Q2", "Blue Lantern", "Blue Lantern ni chama. Kilianzishwa zamani.", "sw"),
    entity("Q3", "Kerem Aksoylu", "Kerem Aksoylu is a painter."),
    *(entity(f"Q{n}", f"Thing {n}", f"Thing {n} is a thing.") for n in range(10, 30)),
]


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, ARTICLES, CANDIDATES)
    return tmp_path


def write(folder, articles, candidates):
    for name, rows in ((MENTIONS, articles), (ENTITIES, candidates)):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def task(folder, **options):
    return MewsliX(
        "t", {"source": "tur_Latn", "target": "eng_Latn", "called": "tr", "data_dir": str(folder), **options}
    )


def test_a_mention_is_asked_in_its_sentence_and_its_entity_is_in_the_pool(folder):
    docs = task(folder, distractors=2).load().items
    assert [doc["query"] for doc in docs] == [
        "Limankent: Limankent'te yağmur var.", "Mavi Fener: Mavi Fener toplandı.", "Aksoylu: Aksoylu konuştu.",
    ]  # fmt: skip
    assert [doc["gold"] for doc in docs] == [
        "Harbourton: Harbourton is a town", "Blue Lantern: Blue Lantern ni chama",
        "Kerem Aksoylu: Kerem Aksoylu is a painter.",
    ]  # fmt: skip
    pool = [text for doc in docs for text in doc["candidates"]]
    assert len(set(pool)) == 9
    assert docs == task(folder, distractors=2).load().items
    assert docs != task(folder, distractors=2, seed=1).load().items
    assert len(task(folder, size=2).load().items) == 2


def test_entities_that_are_told_apart_are_found(folder):
    spec = task(folder, distractors=2)
    docs = spec.load().items
    names = list(dict.fromkeys(text for doc in docs for text in doc["candidates"]))
    axes = dict(zip(names, torch.eye(len(names)), strict=True))

    def pool(good):
        items = []
        for doc in docs:
            query = axes[doc["gold"]] if good else torch.ones(len(names))
            vectors = [{"base": torch.stack([query, axes[text]]).unsqueeze(0)} for text in doc["candidates"]]
            items.append((doc, tuple(Embedding(("0",), vector, (0, 0)) for vector in vectors)))
        return items

    found = spec.score_layer(pool(True), "base", 0)
    assert (found["p1"], found["mrr"], found["pool"]) == (1, 1, 9)
    assert spec.score_layer(pool(False), "base", 0)["p1"] == 0, "a tie is a miss"


def test_what_is_missing_or_wrong_is_named(folder):
    for chosen in (None, "hub", "fixtures"):
        with pytest.raises(DataError, match=r"reads a folder, got data_dir=.*get-mewsli-x\.sh"):
            MewsliX("t", {"source": "tur_Latn", "called": "tr", **({"data_dir": chosen} if chosen else {})}).load()
    with pytest.raises(DataError, match=r"no mentions whose `context\.language` is 'ja'"):
        task(folder, called="ja").load()
    with pytest.raises(DataError, match="fewer than the 300 to draw; lower `distractors`"):
        task(folder, distractors=100).load()
    released = [{**row, "context": {**row["context"], "text": ""}} for row in ARTICLES]
    write(folder, released, CANDIDATES)
    with pytest.raises(DataError, match=r"line 1: `context\.text` is empty: restore the texts"):
        task(folder).load()
    write(folder, ARTICLES, CANDIDATES[1:])
    with pytest.raises(DataError, match="no entity 'Q1', which wikinews_mentions-test"):
        task(folder).load()
    write(folder, [{**ARTICLES[0], "mentions": [{"mention_span": {"start": 1, "end": 3, "text": "zz"}}]}], CANDIDATES)
    with pytest.raises(DataError, match="`mention_span` does not match the text"):
        task(folder).load()
