"""MEXA of sentences: as MEXA's own code computes it from a model's hidden states, and what is reported of its layers."""

import numpy as np
import pytest
import torch
from lm_eval import evaluate

from tests.conftest import make_model, make_tokenizer
from tests.downstream.test_embedded import Planted, one_hot
from tli_bench.base.paths import data_dir
from tli_bench.plugin.downstream_tasks import EmbeddedTask

SAMPLE = data_dir("tasks") / "bitext" / "sample"


def task(folder, **options):
    sides = {"source": "swh_Latn", "target": "eng_Latn", "hub": "flores", "data_dir": str(folder)}
    return EmbeddedTask({"task": "t", "metadata": {"spec": "mexa", **sides, **options}})


def run(lm, one, limit=None):
    found = evaluate(lm=lm, task_dict={"t": one}, limit=limit, bootstrap_iters=0, log_samples=False)
    return {key.split(",")[0]: value for key, value in found["results"]["t"].items()}


def embedded(model, tokenizer, sentence, weighted):
    """One vector per layer `[layers, dim]`: MEXA's `weighted_embeddings`, positions counted from 1, or the plain mean."""
    ids = tokenizer(sentence, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        layers = torch.stack(model(input_ids=ids, output_hidden_states=True).hidden_states)[:, 0]
    weights = torch.arange(1, ids.shape[1] + 1).float() if weighted else torch.ones(ids.shape[1])
    return (layers * weights[:, None]).sum(dim=1) / weights.sum()


def mexa(source, target):
    """MEXA's `mexa`: the diagonal is strictly greater than all else in its row and in its column."""
    units = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (source, target)]
    cosines = units[0] @ units[1].T
    hits = [
        cosines[i, i] > max(np.delete(cosines[i], i)) and cosines[i, i] > max(np.delete(cosines[:, i], i))
        for i in range(len(cosines))
    ]
    return sum(hits) / len(hits)


@pytest.mark.parametrize(("kind", "weighted"), [("llama", True), ("bert", False)])
def test_every_layer_is_what_mexas_own_code_gives(kind, weighted, tmp_path):
    """A causal model by weighted positions, one that sees both ways by their mean, whatever protocol the run asks for."""
    from tli_bench.plugin.lm import TLIModel

    model, tokenizer = make_model(kind).eval(), make_tokenizer()
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    one = task(SAMPLE, protocol="words")
    docs = one.test_docs()[:12]
    sides = [
        np.array([embedded(model, tokenizer, doc[side], weighted).double().numpy() for doc in docs])
        for side in ("source", "target")
    ]
    expected = [mexa(sides[0][:, layer], sides[1][:, layer]) for layer in range(sides[0].shape[1])]
    found = run(TLIModel(pretrained=str(tmp_path), skip_gate=True, device="cpu"), one, limit=12)
    curve = dict(zip(one.last.layers, one.last.curves["base"]["mexa"], strict=True))
    assert [value for layer, value in curve.items() if layer != "3p"] == pytest.approx(expected)
    assert found["mexa_mean"] == pytest.approx(np.mean(expected))
    assert found["mexa_max"] == pytest.approx(max(expected))
    assert 0 < found["mexa_mean"] < 1, "a curve that could be wrong"


def test_layers_are_summarised_and_none_is_chosen():
    one = task(SAMPLE)
    number = {doc[side]: doc["position"] for doc in one.test_docs() for side in ("source", "target")}
    found = run(Planted(lambda text: torch.stack([torch.ones(200), one_hot(number[text])])), one)
    assert (found["queries"], found["mexa_mean"], found["mexa_max"]) == (100, 0.5, 1)
    assert [found["mexa_L00"], found["mexa_L01"], found["mexa_output"]] == [0, 1, 1]
    assert not {"mexa", "best_layer"} & found.keys()


def test_the_directions_name_every_metric_with_and_without_an_adapter():
    one = task(SAMPLE).spec
    alone, both = (one.directions(("0", "1"), states) for states in (("base",), ("base", "adapted")))
    assert {
        "mexa_mean",
        "mexa_max",
        "mexa_L00",
        "mexa_L01",
        "mexa_output",
        "queries",
        "truncated_texts",
    } == alone.keys()
    assert both.keys() - alone.keys() == {
        f"{name}_{end}" for name in ("mexa_mean", "mexa_max", "mexa_output") for end in ("base", "change")
    }
