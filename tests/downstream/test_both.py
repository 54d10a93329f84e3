"""Base and adapter of any task on the one loaded model; the base's own scores are those of the base loaded alone."""

import pytest
import torch

from tli_bench.plugin.both import evaluate_both
from tli_bench.plugin.downstream_record import record_of
from tli_bench.records.downstream import read_downstream, write_downstream

TASKS = [
    "tli_xquad_eng_Latn",
    "tli_translate_eng_Latn-tur_Latn",
    "tli_xquad_r_sentence_tur_Latn-eng_Latn",
    "tli_bitext_tur_Latn-eng_Latn",
    "tli_xlsum_turkish",
]


@pytest.fixture(scope="module")
def models(long_model, tmp_path_factory):
    """The random base alone, and with a random adapter."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from tli_bench.plugin.lm import TLIModel

    torch.manual_seed(1)
    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(long_model), LoraConfig(r=4, target_modules=["q_proj", "v_proj"])
    )
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.5)
    folder = tmp_path_factory.mktemp("adapter")
    model.save_pretrained(folder)
    options = {"pretrained": str(long_model), "skip_gate": True, "device": "cpu"}
    return TLIModel(**options), TLIModel(**options, adapter=str(folder))


@pytest.mark.parametrize("name", TASKS)
def test_the_base_beside_the_adapter_is_the_base_alone(models, manager, name, tmp_path):
    alone, both = (
        {
            key: value
            for key, value in evaluate_both(lm, manager.load([name])["tasks"][name], 2)["results"][name].items()
            if "," in key
        }
        for lm in models
    )
    shared = [key for key in alone if f"{key.split(',')[0]}_base,none" in both]
    assert len(shared) >= 4
    same_layer = alone.get("best_layer,none") == both.get("best_layer,none")
    for key in shared:
        metric = key.split(",")[0]
        if same_layer:
            assert both[f"{metric}_base,none"] == pytest.approx(alone[key], abs=1e-6, nan_ok=True)
        assert both[f"{metric}_change,none"] == pytest.approx(both[key] - both[f"{metric}_base,none"], nan_ok=True)


def test_prompts_that_do_not_fit_are_counted(models, manager, monkeypatch):
    lm = models[0]
    monkeypatch.setattr(lm, "_max_length", 200)
    found = evaluate_both(lm, manager.load(["tli_xlsum_kyrgyz"])["tasks"]["tli_xlsum_kyrgyz"])["results"][
        "tli_xlsum_kyrgyz"
    ]
    assert found["truncated_prompts,none"] == 3  # over 219 tokens each, where 200 - 96 fit
    assert lm.batch_size == 256


def test_a_record_keeps_both_states_and_survives_the_disk(models, manager, tmp_path):
    lm, name = models[1], "tli_xquad_tur_Latn"
    task = manager.load([name])["tasks"][name]
    record = record_of(evaluate_both(lm, task, 2), task, lm.identity, limit=2)
    assert record.source == "fixtures:xquad/xquad.tr.json"
    assert record.documents == 2
    assert record.scores["base"].keys() == record.scores["adapted"].keys() - {"truncated_prompts"}
    assert record.higher_is_better["f1"] is True
    assert record.higher_is_better["empty"] is False
    assert read_downstream(write_downstream(tmp_path, record)) == record


def test_a_task_read_by_layer_keeps_the_curves_of_both_states(models, manager, tmp_path):
    lm, name = models[1], "tli_bitext_tur_Latn-eng_Latn"
    task = manager.load([name])["tasks"][name]
    found = evaluate_both(lm, task, 12)
    record = record_of(found, task, lm.identity, limit=12)
    shown = found["results"][name]
    assert record.curves.keys() == {"base", "adapted"}
    for layer, value in zip(record.layers, record.curves["adapted"]["p1"], strict=True):
        assert value == shown[f"p1_L{layer.zfill(2)},none"]
    assert record.curves["adapted"]["mrr"][-1] == shown["mrr_output,none"]
    assert record.curves["base"]["mrr"] != record.curves["adapted"]["mrr"]
    assert record.scores["base"]["mrr_output"] == record.curves["base"]["mrr"][-1]
    apart = {name for name in record.scores["adapted"].keys() - record.scores["base"].keys() if "_L" not in name}
    assert apart == {"best_layer", "queries", "truncated_texts"}
    assert read_downstream(write_downstream(tmp_path, record)) == record


def test_two_filters_of_one_metric_are_two_scores(models, manager):
    name = "tli_xquad_tur_Latn"
    task = manager.load([name])["tasks"][name]
    task.VERSION = 1.5  # as lm-eval's own tasks have it
    row = {"acc,none": 0.5, "em,strict": 0.1, "em,loose": 0.2, "em_stderr,loose": 0.0, "acc_base,none": 0.4}
    results = {
        "results": {name: row | {"em_base,strict": 0.3}},
        "n-samples": {name: {"effective": 7}},
        "higher_is_better": {name: {"em": True}},
    }
    record = record_of(results, task, models[1].identity)
    assert record.scores == {
        "adapted": {"acc": 0.5, "em,strict": 0.1, "em,loose": 0.2},
        "base": {"acc": 0.4, "em,strict": 0.3},
    }
    assert record.task_version == 1.5
    assert record.higher_is_better == {"em,strict": True, "em,loose": True}
