"""`--chat-template`, `--num-fewshot` and `--system-prompt`: when they apply, what the record says, what does not fit."""

import json
import re
import shutil

import pytest
from lm_eval import simple_evaluate
from transformers import AutoTokenizer

from tests.command import tli_bench
from tests.downstream.test_both import models  # noqa: F401
from tli_bench.base.errors import InputError
from tli_bench.config.facts import asked_text, place_of
from tli_bench.config.run import RunConfig
from tli_bench.plugin.asking import fitting
from tli_bench.plugin.both import evaluate_both
from tli_bench.plugin.catalog import load_tasks
from tli_bench.plugin.downstream_record import record_of
from tli_bench.plugin.lm import TLIModel
from tli_bench.plugin.prompting import Prompting
from tli_bench.plugin.scoring import read_documents, tasks_of
from tli_bench.records.downstream import read_downstream, write_downstream
from tli_bench.records.lm_eval import read_task_scores
from tli_bench.report.terminal.tasks import task_parts

TEMPLATE = "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}[assistant]"
QA, SUMMARY, WORDS, BITEXT = (
    "tli_xquad_eng_Latn", "tli_xlsum_kyrgyz", "tli_translate_eng_Latn-tur_Latn", "tli_bitext_tur_Latn-eng_Latn",
)  # fmt: skip


@pytest.fixture(scope="module")
def chat_folder(long_model, tmp_path_factory):
    """The random model with 512 positions; its tokenizer has a chat template."""
    folder = tmp_path_factory.mktemp("chat") / "model"
    shutil.copytree(long_model, folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def chat(chat_folder):
    return TLIModel(pretrained=str(chat_folder), skip_gate=True, device="cpu")


@pytest.fixture(scope="module")
def by_run(chat_folder, tmp_path_factory):
    """The record of `tli-bench run`, asked with an example and a system prompt."""
    folder = tmp_path_factory.mktemp("run")
    tli_bench(
        "run", "--model", chat_folder, "--tasks", QA, "--data-dir", "fixtures", "--num-fewshot", "1", "--skip-gate",
        "--system-prompt", "Be brief.", "--output", folder, "--device", "cpu",
    )  # fmt: skip
    [record] = [read_downstream(path) for path in folder.rglob("downstream/*/*.json")]
    return record


def task_of(manager, name):
    return manager.load([name])["tasks"][name]


def prompts(task):
    return [str(instance.args[0]) for instance in task.instances]


@pytest.mark.parametrize(
    ("option", "name", "templated"),
    [("auto", QA, True), ("auto", WORDS, False), ("auto", BITEXT, False), ("off", QA, False), ("on", SUMMARY, True),
     ("on", WORDS, False)],
)  # fmt: skip
def test_a_template_is_used_where_there_is_one_and_the_task_generates(chat, manager, option, name, templated):
    assert Prompting(chat_template=option).templated(chat, task_of(manager, name)) is templated


def test_a_model_without_a_template_keeps_its_prompts(models, manager):  # noqa: F811
    bare = models[0]
    task = task_of(manager, QA)
    assert not Prompting().templated(bare, task)
    with pytest.raises(
        InputError, match=r"--chat-template on: the tokenizer of .* has no chat template; give `off` or `auto`"
    ):
        evaluate_both(bare, task, 1, prompting=Prompting(chat_template="on"))
    record = record_of(evaluate_both(bare, task, 1), task, bare.identity, limit=1)
    assert (record.chat_template, record.num_fewshot, record.fewshot_source, record.system_prompt) == (
        False,
        0,
        None,
        None,
    )
    assert prompts(task)[0].endswith("\nAnswer:")
    assert asked_text(record) == ""
    assert not {"chat_template", "num_fewshot", "system_prompt"} & place_of(record).keys()  # files keep their names


def test_the_record_says_how_it_was_asked_and_has_a_file_of_its_own(chat, manager, tmp_path):
    kept = {}
    for told in (Prompting(chat_template="off"), Prompting(), Prompting(num_fewshot=1, system_prompt="Be brief.")):
        task = task_of(manager, QA)
        record = record_of(evaluate_both(chat, task, 2, prompting=told), task, chat.identity, limit=2)
        path = write_downstream(tmp_path, record)
        assert read_downstream(path) == record
        kept[path.name] = asked_text(record)
    *ways, last = kept.values()
    assert ways == ["", "chat_template True"]
    source = r"fixtures:xquad/xquad\.en\.fewshot\.json, sha256:\w{12}"
    assert re.fullmatch(f"chat_template True, num_fewshot 1, fewshot_source {source}, system_prompt Be brief\\.", last)
    assert [".chat" in name for name in kept] == [False, True, True]
    assert ".chat.1shot.system." in list(kept)[2]


def test_a_task_of_lm_evals_own_is_asked_and_recorded_in_the_same_way(chat, tmp_path):
    from lm_eval.tasks import TaskManager

    (tmp_path / "rows.json").write_text(
        json.dumps([{"q": "Who sings?", "a": "Nora"}, {"q": "Who reads?", "a": "Sami"}])
    )
    stock = {
        "task": "stock", "dataset_path": "json", "dataset_kwargs": {"data_files": {"test": str(tmp_path / "rows.json")}},
        "test_split": "test", "output_type": "generate_until", "doc_to_text": "{{q}}", "doc_to_target": "{{a}}",
        "generation_kwargs": {"until": ["\n"], "max_gen_toks": 8}, "metric_list": [{"metric": "exact_match"}],
    }  # fmt: skip
    task = TaskManager(include_defaults=False).load([stock])["tasks"]["stock"]
    record = record_of(evaluate_both(chat, task, prompting=Prompting(system_prompt="Be brief.")), task, chat.identity)
    assert asked_text(record) == "chat_template True, system_prompt Be brief."
    assert prompts(task)[0] == "[system] Be brief.\n[user] Who sings?\n[assistant]"
    off = record_of(evaluate_both(chat, task, prompting=Prompting(chat_template="off")), task, chat.identity)
    assert (asked_text(off), prompts(task)[0]) == ("", "Who sings?")


def test_examples_go_first_then_the_end_of_the_article_and_all_of_it_is_counted(chat, manager, monkeypatch):
    task, room = task_of(manager, SUMMARY), {}
    for size in (1200, 600, 330):
        monkeypatch.setattr(chat, "_max_length", size)
        found = evaluate_both(chat, task, prompting=Prompting(num_fewshot=1))["results"][SUMMARY]
        room[size] = found["truncated_prompts,none"], found["shortened_examples,none"]
        read = [fitting(chat, instance).args[0] for instance in task.instances]
        assert all(text.endswith("жаз.\n[assistant]") and text.startswith("[user] Макала:\n") for text in read)
        assert all(len(chat.tok_encode(text)) <= size - 96 for text in read)
    assert (room[1200], room[600]) == ((0, 0), (0, 3))
    assert room[330] == (3.0, 3.0)


def test_what_was_cut_is_shown_with_and_without_an_adapter_and_warned_of(models, manager, monkeypatch):  # noqa: F811
    for lm in models:
        monkeypatch.setattr(lm, "_max_length", 200)
        found = evaluate_both(lm, task_of(manager, SUMMARY))
        said = "\n".join(part.plain for part in task_parts(found, without=set()) if hasattr(part, "plain"))
        assert (
            f"{SUMMARY}: 3 prompts for 3 documents were too long for the model and lost a part of the document" in said
        )
        notes = [row[-1] for part in task_parts(found, without=set()) if hasattr(part, "rows") for row in part.rows]
        assert any("3 prompts cut" in str(note) for note in notes)
        monkeypatch.setattr(lm, "_max_length", 512)
        found = evaluate_both(lm, task_of(manager, SUMMARY))
        assert not any("too long" in part.plain for part in task_parts(found, without=set()) if hasattr(part, "plain"))


def test_examples_that_cannot_be_had_are_refused_before_the_model_is_loaded(tmp_path):
    (tmp_path / "xquad.en.json").write_text(json.dumps({"data": [{"paragraphs": [{"context": "Nora sings.", "qas": [
        {"id": "a", "question": "Who?", "answers": [{"text": "Nora", "answer_start": 0}]}]}]}]}))  # fmt: skip
    config = RunConfig(tasks=(QA,), data_dir=tmp_path, num_fewshot=1)
    with pytest.raises(InputError, match="XQuAD has one split"):
        read_documents(tasks_of(config))


@pytest.mark.parametrize(("model", "extra"), [("tli", {"skip_gate": True}), ("hf", {"dtype": "float32"})])
def test_lm_evals_options_and_ours_ask_the_same(model, extra, chat_folder, manager, by_run):
    """What `lm_eval run` makes of its options, under our model and under its own, against `tli-bench run`."""
    found = simple_evaluate(
        model=model, model_args={"pretrained": str(chat_folder), **extra}, tasks=[QA], task_manager=manager, num_fewshot=1,
        apply_chat_template=True, system_instruction="Be brief.", device="cpu", batch_size=4, bootstrap_iters=0,
    )  # fmt: skip
    assert found["results"][QA]["f1,none"] == by_run.scores["base"]["f1"]
    assert found["configs"][QA]["metadata"]["asked"] == {
        "chat_template": by_run.chat_template, "num_fewshot": by_run.num_fewshot,
        "fewshot_source": by_run.fewshot_source, "system_prompt": by_run.system_prompt,
    }  # fmt: skip
    shown = found["samples"][QA][0]["arguments"][0][0]
    assert shown.startswith("[system] Be brief.\n[user] The ferry")
    assert "[assistant] two hours" in shown


def test_lm_evals_files_say_how_a_task_was_asked(tmp_path):
    row = {"results": {"t": {"f1,none": 0.5}, "u": {"f1,none": 0.5}}, "model_name": "m", "n-shot": {"t": 0, "u": 5},
           "chat_template": "{{ messages }}", "system_instruction": "Be brief.",
           "configs": {"t": {"metadata": {"asked": {"chat_template": False, "num_fewshot": 2, "fewshot_source": "x"}}}}}  # fmt: skip
    (tmp_path / "results_1.json").write_text(json.dumps(row))
    assert [asked_text(score) for score in read_task_scores(tmp_path / "results_1.json")] == [
        "num_fewshot 2, fewshot_source x, system_prompt Be brief.",
        "chat_template True, num_fewshot 5, system_prompt Be brief.",
    ]


def test_load_tasks_is_told_of_examples(tmp_path):
    tasks = load_tasks([QA, BITEXT], metadata={"data_dir": "fixtures"})
    for task in tasks.values():
        Prompting(num_fewshot=2).prepare(task)
    assert [len(tasks[QA].shots()), tasks[BITEXT].config.num_fewshot] == [2, 0]
