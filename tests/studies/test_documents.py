"""Values per document: they add up to the metric that the task itself gives, and questions of one paragraph count as one."""

import numpy as np
import pytest
import torch

from tests.studies.cases import DESIGN
from tli_bench.base.errors import InputError, UnknownNameError
from tli_bench.downstream.embedded import Embedding
from tli_bench.downstream.specs.xquad_r import XQuADR
from tli_bench.models import load_model
from tli_bench.plugin.lm import TLIModel
from tli_bench.plugin.scoring import open_model, score_tasks, tasks_of
from tli_bench.studies.design import Design
from tli_bench.studies.documents import _paragraphs, ask, asked_digest, config_of, jackknife
from tli_bench.vectors.cache import StateCache

XQUAD, XLSUM = "tli_xquad_r_sentence_eng_Latn-tur_Latn", "tli_xlsum_swahili"
THERE = {"name": "there", "tasks": [XQUAD], "metric": "map"}
BACK = {"name": "back", "tasks": ["tli_xquad_r_sentence_tur_Latn-eng_Latn"], "metric": "map"}


def design(*outcomes):
    return Design.model_validate(DESIGN | {"primary": outcomes[0], "secondary": outcomes[1:], "document_limit": 6})


@pytest.fixture(scope="module")
def tiny():
    return load_model("tiny")


def test_values_of_documents_add_up_to_what_the_task_itself_says(tiny):
    plan = design(
        {"name": "map", "tasks": [XQUAD], "metric": "map"},
        {"name": "rouge", "tasks": [XLSUM], "metric": "rougeL"},
        {"name": "chrf", "tasks": [XLSUM], "metric": "chrf++"},
    )
    found = ask(plan, tiny, adapter=None, key="k", data_dir=None, cache=StateCache())
    config = config_of(plan, "tiny", "none", None)
    tasks = tasks_of(config)
    records = {r.task: r.scores["base"] for r in score_tasks(config, open_model(config, tiny), tasks).downstream}
    for outcome, task, metric in (("map", XQUAD, "map"), ("rouge", XLSUM, "rougeL"), ("chrf", XLSUM, "chrf++")):
        assert found.values[outcome][task] == pytest.approx(records[task][metric], abs=1e-9)
        assert np.mean(found.columns[outcome][task].values) == pytest.approx(records[task][metric], abs=1e-4)
    assert all("fixtures:" in source for source in found.sources.values())


def test_tasks_that_embed_are_asked_at_once_and_give_what_each_gives_alone(tiny, monkeypatch):
    asked = []
    plain = TLIModel.hidden_states
    monkeypatch.setattr(
        TLIModel, "hidden_states", lambda self, those, **more: asked.append(len(those)) or plain(self, those, **more)
    )
    alone = [
        ask(design(outcome), tiny, adapter=None, key="k", data_dir=None, cache=StateCache())
        for outcome in (THERE, BACK)
    ]
    asked.clear()
    both = ask(design(THERE, BACK), tiny, adapter=None, key="k", data_dir=None, cache=StateCache())
    assert len(asked) == 1
    assert both.values == alone[0].values | alone[1].values
    assert both.columns == alone[0].columns | alone[1].columns


def test_a_question_by_itself_scores_what_it_scores_when_nobody_asks_another():
    draw = torch.Generator().manual_seed(0)
    places, vectors = [f"p:{n}" for n in range(6)], torch.randn(6, 8, generator=draw)
    items = []
    for number in range(4):
        own = torch.randn(8, generator=draw)
        answers = tuple(
            Embedding(("0",), {"base": torch.stack([own, vectors[n]])[None]}, (0, 0)) for n in range(len(places))
        )
        items.append(({"places": places, "right": [places[number]], "languages": ["x"] * 6}, answers))
    spec = XQuADR.__new__(XQuADR)
    each = spec.score_each(items, "base", 0)
    assert [doc for doc, _ in each] == [doc for doc, _ in items]
    for number, (_, scores) in enumerate(each):
        alone = [item if n == number else ({**item[0], "right": []}, item[1]) for n, item in enumerate(items)]
        assert spec.score_layer(alone, "base", 0) == scores
    together = spec.score_layer(items, "base", 0)
    assert together["map"] == pytest.approx(np.mean([scores["map"] for _, scores in each]))


def test_a_metric_or_a_task_that_there_is_none_of_is_named(tiny):
    with pytest.raises(InputError, match=r"has no metric 'rouge9'; it has rouge1"):
        ask(
            design({"name": "x", "tasks": [XLSUM], "metric": "rouge9"}),
            tiny,
            adapter=None,
            key="k",
            data_dir=None,
            cache=StateCache(),
        )
    with pytest.raises(UnknownNameError, match="unknown task 'tli_xlsum_swahil'"):
        asked_digest(design({"name": "x", "tasks": ["tli_xlsum_swahil"], "metric": "bleu"}), "tiny", None)


def test_a_jackknife_of_a_mean_is_its_items_and_of_anything_else_has_its_mean():
    items = [1.0, 2.0, 4.0, 9.0]
    assert jackknife(items, lambda some: sum(some) / len(some)) == pytest.approx(items)
    assert jackknife(items, max).mean() == pytest.approx(9.0)


def test_questions_that_share_a_place_are_of_one_paragraph():
    docs = [
        {"position": 0, "places": ["p1:0", "p1:1"]},
        {"position": 1, "places": ["p1:1"]},
        {"position": 2, "places": ["p2:0"]},
        {"position": 3, "places": ["p1:0"]},
    ]
    assert _paragraphs(docs) == {0: "0", 1: "0", 2: "2", 3: "0"}
