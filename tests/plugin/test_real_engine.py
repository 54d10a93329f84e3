"""`--engine vllm` by vLLM itself, on SmolLM2: the same texts as transformers, with and without a LoRA adapter."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest
import torch

from tests.real import real_model
from tli_bench.records.downstream import iter_downstream

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        importlib.util.find_spec("vllm") is None,
        reason="the package vllm is not installed: pip install 'tli-bench[vllm]'",
    ),
]
WRITES, JUDGES = "tli_xquad_tur_Latn", "tli_translate_eng_Latn-tur_Latn"


@pytest.fixture(scope="module")
def adapter(tmp_path_factory):
    """LoRA of random weights on SmolLM2's first four blocks, strong enough to change what it writes."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(real_model("smollm2"), dtype=torch.float32)
    config = LoraConfig(
        r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"], layers_to_transform=[0, 1, 2, 3], init_lora_weights=False
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("adapter")
    wrapped = get_peft_model(model, config)
    with torch.no_grad():
        for name, weights in wrapped.named_parameters():
            if "lora_" in name:
                weights.mul_(0.5)
    wrapped.save_pretrained(folder)
    return folder


def _texts(answers):
    """What was written, without the half of a letter in which an answer of so many tokens may end, and which vLLM leaves out."""
    return [answer.rstrip("\ufffd").rstrip() for answer in answers if isinstance(answer, str)]


def _sums(answers):
    """The log-likelihoods."""
    return [float(answer[0]) for answer in answers if not isinstance(answer, str)]


def test_smollm2_writes_the_same_and_is_as_sure_of_it_over_vllm(adapter, tmp_path):
    """In fp32, greedily: rounding alone differs, by less than 1e-4 in 800 log-likelihoods, and no word of 24 texts."""
    command = [
        sys.executable,
        "-m",
        "tli_bench",
        "run",
        "--model",
        str(real_model("smollm2")),
        "--adapter",
        str(adapter),
    ]
    command += [
        "--tasks",
        f"{WRITES},{JUDGES}",
        "--limit",
        "4",
        "--dtype",
        "float32",
        "--data-dir",
        "fixtures",
        "--log-samples",
    ]
    environment = os.environ | {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1"}
    rows, records = {}, {}
    for engine in ("transformers", "vllm"):
        out = tmp_path / engine
        done = subprocess.run(
            [*command, "--engine", engine, "--output", str(out)], env=environment, capture_output=True, text=True, timeout=580
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        records[engine] = {record.task: record for record in iter_downstream(out)}
        for path in out.glob("samples_*.jsonl"):
            name = path.name.removeprefix("samples_").rpartition("_")[0]
            found = [json.loads(line) for line in path.read_text().splitlines()]
            rows[engine, name] = sorted(found, key=lambda row: row["doc_id"])
    for task in (WRITES, JUDGES):
        for name in (task, f"{task}.base"):
            ours, theirs = rows["transformers", name], rows["vllm", name]
            assert len(ours) == len(theirs) > 0
            for one, other in zip(ours, theirs, strict=True):
                assert one["arguments"] == other["arguments"]
                mine, its = one["filtered_resps"], other["filtered_resps"]
                assert _texts(mine) == _texts(its)
                assert _sums(mine) == pytest.approx(_sums(its), abs=1e-3)
        assert rows["transformers", task] != rows["transformers", f"{task}.base"]
        assert records["vllm"][task].engine.startswith("vllm 0.")
        for state, scores in records["transformers"][task].scores.items():
            assert records["vllm"][task].scores[state] == pytest.approx(scores, nan_ok=True), (task, state)
