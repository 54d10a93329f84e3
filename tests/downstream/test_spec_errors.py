"""What is wrong with a specification or the YAML that names it is said with the next step."""

import pytest
from lm_eval import evaluate

from tests.downstream.conftest import Scripted
from tests.downstream.test_embedded import Planted, one_hot
from tli_bench.base.errors import InputError, UnknownNameError
from tli_bench.downstream.registry import find_spec
from tli_bench.downstream.sources import Loaded
from tli_bench.downstream.spec import UP, AnswerSpec
from tli_bench.plugin.downstream_tasks import AnswerTask, EmbeddedTask


class Unfinished(AnswerSpec):
    """Without documents."""

    METRICS = {"f1": UP}  # noqa: RUF012


class Short(Unfinished):
    """One document; the answer counts when it is `yes`."""

    def load(self):
        return Loaded([{"text": "a"}, {"text": "b"}], "here")

    def prompt(self, doc):
        return doc["text"]

    def target(self, doc):
        return "yes"

    def score(self, doc, answers):
        return {"f1": float(answers[0] == "yes")}


class Begun(Short):
    """The same, never in a chat template."""

    CHAT = False


HERE = __name__


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("xqua", UnknownNameError, r"unknown specification of a downstream task 'xqua'; did you mean 'xquad'.*`module:Class`"),
        ("no.such.module:X", InputError, r"'no.such.module:X' cannot be imported: No module named 'no'"),
        (f"{HERE}:Missing", InputError, "cannot be imported: .*Missing"),
        (f"{HERE}:HERE", InputError, "must be a subclass of DownstreamSpec, got 'tests.downstream.test_spec_errors'"),
        (f"{HERE}:Unfinished", InputError, "does not define load, prompt, score, target"),
    ],
)  # fmt: skip
def test_what_is_not_a_specification_is_named(name, kind, message):
    with pytest.raises(kind, match=message):
        find_spec(name)


def test_a_yaml_needs_a_specification_and_the_class_of_its_kind():
    with pytest.raises(
        InputError, match=r"task t: `metadata\.spec` must name the task's specification, such as `xquad`; got None"
    ):
        AnswerTask({"task": "t"})
    with pytest.raises(
        InputError, match=r"'bitext' is of another kind; its YAML needs `class: !function .*\.EmbeddedTask`"
    ):
        AnswerTask({"task": "t", "metadata": {"spec": "bitext"}})
    with pytest.raises(
        InputError, match=r"'xquad' is of another kind; its YAML needs `class: !function .*\.AnswerTask`"
    ):
        EmbeddedTask({"task": "t", "metadata": {"spec": "xquad"}})
    with pytest.raises(InputError, match="needs a name in `task`, got None"):
        AnswerTask({"metadata": {"spec": "xquad"}})


class Chatty(Scripted):
    """A scripted model with a chat template."""

    tokenizer_name = "scripted"

    def apply_chat_template(self, messages, add_generation_prompt=True):
        return f"<user>{messages[0]['content']}</user>"

    def chat_template(self, *_):
        return "<user>"


@pytest.mark.parametrize(("spec", "shown"), [("Short", "<user>a</user>"), ("Begun", "a")])
def test_prompts_go_into_the_chat_template_but_sentences_that_were_begun_do_not(spec, shown):
    lm = Chatty(lambda doc: "yes")
    task = AnswerTask({"task": "t", "metadata": {"spec": f"{HERE}:{spec}"}})
    found = evaluate(
        lm=lm, task_dict={"t": task}, limit=1, bootstrap_iters=0, log_samples=False, apply_chat_template=True
    )
    assert lm.prompts == [shown]
    assert found["results"]["t"]["f1,none"] == 1.0


def test_what_lm_eval_was_told_about_generation_reaches_the_model():
    """As `lm_eval run --gen_kwargs max_gen_toks=7` does it."""
    task = AnswerTask({"task": "t", "metadata": {"spec": f"{HERE}:Short"}})
    task.set_config(key="generation_kwargs", value={"max_gen_toks": 7}, update=True)
    task.build_all_requests()
    assert task.instances[0].args[1] == {"until": ["\n"], "do_sample": False, "max_gen_toks": 7}


def test_a_task_that_is_run_again_scores_the_new_answers(manager):
    name = "tli_bitext_swh_Latn-eng_Latn"
    task = manager.load([name])["tasks"][name]
    number = {doc[side]: doc["position"] for doc in task.test_docs() for side in ("source", "target")}
    sources = {doc["source"] for doc in task.test_docs()}
    found = []
    for shift in (0, 1):  # first each sentence is with its translation, then with the one after it

        def embed(text, shift=shift):
            at = number[text] + (shift if text in sources else 0)
            return one_hot(at % len(sources))[None]

        results = evaluate(lm=Planted(embed), task_dict={name: task}, bootstrap_iters=0, log_samples=False)
        found.append(results["results"][name]["p1_output,none"])
        assert task.last.curves["base"]["p1"][-1] == found[-1]
    assert found == [1.0, 0.0]
