"""Stock lm-eval models: untouched until one of our tasks is built, and never answered from before their weights changed."""

import lm_eval
import peft
import pytest
import torch
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

from tests.conftest import make_model, make_tokenizer
from tests.forked import python
from tli_bench.base.errors import AdapterError
from tli_bench.base.paths import data_dir
from tli_bench.plugin.stock import stock_identity
from tli_bench.vectors.backend import Backend

TASK = "tli_alignment_swh_Latn-eng_Latn"
UNTOUCHED = """
import sys
import tli_bench.plugin.tasks, tli_bench.plugin.downstream_tasks, tli_bench.plugin.lm
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from tli_bench.base.paths import data_dir
before = dict(vars(HFLM))
name = sys.argv[1]
task = TaskManager(include_path=str(data_dir("tasks")), include_defaults=False).load([name])["tasks"][name]
assert dict(vars(HFLM)) == before
for _ in range(2):
    task.build_all_requests(limit=2, rank=0, world_size=1)
after = dict(vars(HFLM))
assert after.pop("hidden_states") and after == before
"""


def test_lm_evals_classes_are_left_alone_until_our_requests_are_built():
    done = python("-c", UNTOUCHED, TASK)
    assert done.returncode == 0, done.stderr[-3000:]


def scores(lm):
    manager = TaskManager(include_path=str(data_dir("tasks")), include_defaults=False)
    found = lm_eval.simple_evaluate(model=lm, tasks=[TASK], task_manager=manager, limit=60, bootstrap_iters=0)
    row = found["results"][TASK]
    return {name: row[f"{name},none"] for name in ("control_gap_output", "control_p1_output")}


def stock(model, tokenizer):
    return HFLM(pretrained=model, tokenizer=tokenizer, backend="causal", batch_size=64)


def test_a_model_in_memory_is_scored_anew_when_its_weights_have_changed():
    """As people do between epochs: the same objects, the same lm-eval model, other weights."""
    model, tokenizer = make_model("llama").eval(), make_tokenizer()
    lm = stock(model, tokenizer)
    before = scores(lm)
    assert scores(lm) == before
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(3)) * 0.05)
    after = scores(lm)
    assert after != before
    assert after == scores(stock(model, tokenizer))


def identity(lm):
    backend = Backend(lm._model, lm.tokenizer)
    with backend.unchanged() as held:
        return stock_identity(lm, held)


def other_adapter(wrapped):
    with torch.no_grad():
        for name, parameter in wrapped.named_parameters():
            if "lora_B" in name:
                parameter.add_(0.1)
    return wrapped


def test_a_model_in_memory_is_known_by_what_it_holds():
    model, tokenizer = make_model("llama").eval(), make_tokenizer()
    first = identity(stock(model, tokenizer))
    assert (first.id, first.revision[:7]) == ("LlamaForCausalLM", "memory:")
    assert first.parameters == sum(parameter.numel() for parameter in model.parameters())
    with torch.no_grad():
        model.model.layers[0].mlp.up_proj.weight[0, 0] += 1
    changed = identity(stock(model, tokenizer))
    assert changed.revision != first.revision
    wrapped = peft.get_peft_model(model, peft.LoraConfig(r=2, target_modules=["q_proj"]))
    adapted = identity(stock(wrapped, tokenizer))
    assert (adapted.adapter.name, adapted.adapter.rank, len(adapted.adapter.sha256)) == ("default", 2, 64)
    assert adapted.revision == changed.revision
    assert adapted.adapter.sha256 != identity(stock(other_adapter(wrapped), tokenizer)).adapter.sha256
    with pytest.raises(AdapterError, match="give the PeftModel itself"):
        identity(stock(model, tokenizer))  # its layers are the adapter's now
