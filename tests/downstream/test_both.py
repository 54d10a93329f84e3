"""Base and adapter of any task on the one loaded model; the base's own scores are those of the base loaded alone."""

import pytest
import torch

from tli_bench.harness.downstream.both import evaluate_both
from tli_bench.harness.downstream.record import read_record, record_of, write_record

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

    from tli_bench.harness.lm import TLIModel

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
    path = write_record(record, tmp_path)
    assert read_record(path) == record
