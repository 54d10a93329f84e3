"""A real instruct model answers questions within its chat template: SmolLM2-135M-Instruct, as `make real-models` fetches it."""

import pytest

from tests.real import real_model
from tli_bench.plugin.both import evaluate_both
from tli_bench.plugin.lm import TLIModel
from tli_bench.plugin.prompting import Prompting, has_template

pytestmark = pytest.mark.real
NAME = "tli_xquad_eng_Latn"


@pytest.fixture(scope="module", params=["smollm2", "smollm2-bos"])
def lm(request):
    return TLIModel(pretrained=str(real_model(request.param)), device="cpu", dtype="float32")


def scored(lm, manager, **told):
    task = manager.load([NAME])["tasks"][NAME]
    found = evaluate_both(lm, task, prompting=Prompting(**told))
    asked = found["configs"][NAME]["metadata"]["asked"]
    return {key.split(",")[0]: value for key, value in found["results"][NAME].items()}, asked, task


def test_it_answers_in_its_template_next_to_without(lm, manager):
    assert has_template(lm)
    told, asked, task = scored(lm, manager)
    assert asked["chat_template"] is True
    assert (told["f1"] > 0.1, told["empty"], told["truncated_prompts"]) == (True, 0, 0)
    first = str(task.instances[0].args[0])
    assert first.startswith("<|im_start|>system\n")
    assert first.endswith("<|im_end|>\n<|im_start|>assistant\n")
    # One beginning of text, also where the tokenizer would put another before the template's own.
    begin = lm.tokenizer.convert_tokens_to_ids("<|im_start|>")
    assert lm.tok_encode(first)[:2].count(begin) == 1
    usual, asked, _ = scored(lm, manager, chat_template="off")
    assert asked["chat_template"] is False
    assert usual["empty"] > 0  # it ends its turn, or begins with a line feed


def test_examples_help_it(lm, manager):
    without, _, _ = scored(lm, manager, chat_template="off")
    shown, asked, _ = scored(lm, manager, chat_template="off", num_fewshot=2)
    assert asked["fewshot_source"].startswith("fixtures:xquad/xquad.en.fewshot.json, sha256:")
    assert shown["f1"] > without["f1"]
    assert shown["exact_match"] > without["exact_match"]
