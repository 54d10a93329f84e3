"""The paper's pattern on a model whose sink was planted: 0.99+ with BOS, far lower without, and the verdict says why."""

import json

import pytest

from tests.command import tli_bench
from tests.planted import save_planted_sink
from tli_bench.lexicon.pairs import Split
from tli_bench.plugin.repro import PUBLISHED_EVALUATION, PUBLISHED_PILOT
from tli_bench.records.parsing import parse_record


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return save_planted_sink(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="module")
def reproduced(planted, tmp_path_factory):
    path = tmp_path_factory.mktemp("repro") / "paper.json"
    printed = tli_bench("repro", "tli-paper", "--model", planted, "--skip-gate", "--limit", 150, "--output", path)
    return printed, json.loads(path.read_text())


def test_one_layer_two_poolings(reproduced):
    _, found = reproduced
    rows = {row["layer"]: row for row in found["measured"]["pilot"]}
    for layer in ("1", "2"):
        assert rows[layer]["cosine"] > 0.99
        assert rows[layer]["cosine_without"] < 0.5
        assert rows[layer]["mismatched"] > 0.99  # the paper's missing control: wrong pairs are as close
        assert abs(rows[layer]["gap"]) < 0.01
        assert rows[layer]["sink_ratio"] > 100
    assert rows["0"]["cosine"] < 0.99  # before block 1 there is no sink


def test_the_verdict_names_the_sink(reproduced):
    printed, found = reproduced
    verdicts = found["measured"]["verdicts"]
    assert "sink in the pooled vectors (position 0 norm" in verdicts["tli-pilot.v1"]
    assert "sink" not in verdicts["tli-eval.v1"]
    assert verdicts["tli-pilot.v1"] in printed


def test_reported_and_measured_stand_apart(reproduced):
    printed, found = reproduced
    assert "2506.15415" in found["reported"]["source"]
    assert found["reported"]["pilot"] == PUBLISHED_PILOT
    assert found["reported"]["evaluation"]["control"]["n"] == 63
    for text in ("0.99998", "reported cosine", "measured cosine", "p = 1.33e-240"):
        assert text in printed
    assert "no adapter" in printed
    assert found["measured"]["trained_minus_control"] is None


def test_what_few_words_leave_open_is_not_laid_to_a_missing_adapter():
    """With 13 control words and an adapter, the table said "no adapter"; and the way to placebos that was named was refused."""
    printed = tli_bench("repro", "tli-paper", "--limit", 40, "--placebo", 0)
    assert "no adapter" not in printed
    assert printed.count("too few words") == 2
    assert "BOS out of the mean, base → adapted" in printed
    alone = tli_bench("repro", "tli-paper", "--limit", 40, "--adapter", "none")
    assert alone.count("no adapter") == 2
    assert "BOS out of the mean, base alone" in alone


def test_the_published_percentages_follow_from_the_published_means():
    for split in (Split.TRAIN, Split.CONTROL):
        row = PUBLISHED_EVALUATION[split]
        assert 100 * (row.after - row.before) / row.before == pytest.approx(row.percent, abs=0.05)


def test_both_records_come_with_it_and_are_valid(reproduced):
    _, found = reproduced
    records = [parse_record(data, where="repro") for data in found["records"]]
    assert [record.signature.protocol for record in records] == ["tli-pilot.v1", "tli-eval.v1"]
    assert [record.controls.first_pooled for record in records] == [True, False]
    assert all(record.signature.skip_gate for record in records)


def test_with_an_adapter_the_controls_stand_beside_the_gain(planted, tmp_path):
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(planted), LoraConfig(r=4, target_modules=["v_proj"]))
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.5)
    model.save_pretrained(tmp_path / "adapter")
    arguments = ("--model", planted, "--adapter", tmp_path / "adapter", "--skip-gate", "--limit", 120)
    printed = tli_bench("repro", "tli-paper", *arguments, "--output", tmp_path / "out.json")
    measured = json.loads((tmp_path / "out.json").read_text())["measured"]
    control = next(row for row in measured["evaluation"] if row["split"] == "control")
    change = control["cosine"]
    assert control["percent"] == pytest.approx(100 * change["difference"] / change["before"])
    assert control["gap"]["difference"] == pytest.approx(change["difference"] - control["mismatched"]["difference"])
    contrast = measured["trained_minus_control"]
    train = next(row for row in measured["evaluation"] if row["split"] == "train")
    # The limit leaves too few control words for P@1 of 50; trained ones, of which there are enough, are read likewise.
    assert contrast["quantity"] == "P@1 of 20 change"
    for row in (train, control):
        assert contrast[row["split"]] == pytest.approx(row["p1_of_20"]["difference"], abs=1e-6)
    assert contrast["difference"] == pytest.approx(contrast["train"] - contrast["control"])
    assert "P@1 of 20 change, trained minus control" in printed


@pytest.mark.slow
def test_a_layer_the_model_lacks_is_named(planted):
    message = tli_bench("repro", "tli-paper", "--model", planted, "--skip-gate", "--limit", 30, "--layer", 9, code=2)
    assert "no layer '9'; its layers are 0, 1, 2, 3p, 3" in message
