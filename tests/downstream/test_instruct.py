"""Instruct models: they answer after a line feed, in sentences, within a chat template, and score as a person expects."""

import json
import pickle
import re
import shutil

import pytest
from lm_eval import evaluate, simple_evaluate

from tests.downstream.conftest import Scripted
from tli_bench.base.errors import InputError
from tli_bench.base.paths import data_dir
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.specs.translate import Translate
from tli_bench.downstream.specs.xquad import XQuAD
from tli_bench.plugin.downstream_tasks import AnswerTask


class Instruct(Scripted):
    """Says nothing outside its chat template, and inside it keeps to what it was told to stop at, as a real model does."""

    tokenizer_name = "instruct"

    def apply_chat_template(self, messages, add_generation_prompt=True):
        return "".join(f"[{m['role']}]{m['content']}" for m in messages) + "[assistant]" * add_generation_prompt

    def chat_template(self, *_):
        return "[role]"

    def generate_until(self, requests, **_):
        self.prompts += [request.args[0] for request in requests]
        return [self._stopped(request) for request in requests]

    def _stopped(self, request):
        said = self.say(request.doc) if request.args[0].endswith("[assistant]") else ""
        for stop in request.args[1]["until"]:
            said = said.split(stop)[0]
        return said


@pytest.fixture
def asked(manager):
    """Metrics and configuration of a task under a model, asked as lm-eval's `evaluate` is told to."""

    def run(lm, name, *, shots=0, **options):
        task = manager.load([name])["tasks"][name]
        task.set_config("num_fewshot", shots)
        options = {"apply_chat_template": True, "fewshot_as_multiturn": True} | options
        found = evaluate(lm=lm, task_dict={name: task}, bootstrap_iters=0, log_samples=False, **options)
        return {key.split(",")[0]: value for key, value in found["results"][name].items()}, found["configs"][name]

    return run


@pytest.mark.parametrize("name", ["tli_xquad_eng_Latn", "tli_xquad_tur_Latn", "tli_tydiqa_swh_Latn"])
def test_an_answer_after_a_line_feed_counts(asked, name):
    found, config = asked(Instruct(lambda doc: f"\n{doc['answers'][0]}\n\nI hope this helps!"), name)
    assert (found["exact_match"], found["f1"], found["empty"]) == (1, 1, 0)
    assert config["generation_kwargs"]["until"] == []
    assert config["metadata"]["asked"]["chat_template"] is True


def test_a_sentence_around_the_answer_is_worth_something_and_not_everything(asked):
    found, _ = asked(Instruct(lambda doc: f"\nThe answer is {doc['answers'][0]}."), "tli_xquad_eng_Latn")
    assert found["exact_match"] == 0
    assert 0.4 < found["f1"] < 0.9
    wrong, _ = asked(Instruct(lambda doc: "\nI do not know."), "tli_xquad_eng_Latn")
    assert (wrong["exact_match"], wrong["empty"]) == (0, 0)
    assert wrong["f1"] < 0.1


def test_without_its_template_it_says_nothing(asked):
    found, config = asked(Instruct(lambda doc: doc["answers"][0]), "tli_xquad_eng_Latn", apply_chat_template=False)
    assert (found["f1"], found["empty"]) == (0, 1)
    assert config["generation_kwargs"]["until"] == ["\n"]


@pytest.mark.parametrize("name", ["tli_xlsum_turkish", "tli_xlsum_uzbek_en"])
def test_a_summary_over_several_lines_is_read_whole(asked, name):
    def say(doc):
        middle = doc["summary"].index(" ") + 1
        return f"\n{doc['summary'][:middle]}\n\n{doc['summary'][middle:]}\n"

    found, _ = asked(Instruct(say), name)
    assert [found[k] for k in ("rouge1", "rougeL", "length_ratio", "empty")] == pytest.approx([1, 1, 1, 0])
    assert found["bleu"] == pytest.approx(100)


def test_the_instruction_stands_in_the_template_and_nowhere_else(asked):
    told, usual = Instruct(lambda doc: "x"), Instruct(lambda doc: "x")
    asked(told, "tli_xquad_spa_Latn")
    asked(usual, "tli_xquad_spa_Latn", apply_chat_template=False)
    assert all(
        "Responde solo con palabras del texto" in prompt and "Respuesta:" not in prompt for prompt in told.prompts
    )
    assert all(prompt.endswith("\nRespuesta:") and "Responde" not in prompt for prompt in usual.prompts)


def test_examples_are_turns_of_their_own_or_one_text_as_lm_eval_is_told(asked):
    turns, one, text = (Instruct(lambda doc: "x") for _ in range(3))
    _, config = asked(turns, "tli_xquad_eng_Latn", shots=2, system_instruction="Be brief.")
    asked(one, "tli_xquad_eng_Latn", shots=2, fewshot_as_multiturn=False)
    asked(text, "tli_xquad_eng_Latn", shots=2, apply_chat_template=False, system_instruction="Be brief.")
    for prompt in turns.prompts:
        assert prompt.startswith("[system]Be brief.[user]The ferry")
        assert prompt.count("[user]") == prompt.count("[assistant]") == 3
        assert "[assistant]two hours[user]" in prompt
        assert "[assistant]eleven[user]" in prompt
    assert all(prompt.count("[user]") == prompt.count("[assistant]") == 1 for prompt in one.prompts)
    assert all(
        prompt.startswith("Be brief.\n\nThe ferry") and "\nAnswer: eleven\n\n" in prompt for prompt in text.prompts
    )
    stated = config["metadata"]["asked"]
    assert re.fullmatch(r"fixtures:xquad/xquad\.en\.fewshot\.json, sha256:[0-9a-f]{12}", stated.pop("fewshot_source"))
    assert stated == {"chat_template": True, "num_fewshot": 2, "system_prompt": "Be brief."}


def test_lm_evals_own_options_reach_our_tasks(manager):
    """`lm_eval run --num_fewshot 1 --apply_chat_template --system_instruction ...` ends in this call."""
    lm = Instruct(lambda doc: "\nx")
    found = simple_evaluate(
        model=lm, tasks=["tli_tydiqa_swh_Latn"], task_manager=manager, num_fewshot=1,
        apply_chat_template=True, system_instruction="Jibu.", limit=1, bootstrap_iters=0, log_samples=True,
    )  # fmt: skip
    assert lm.prompts[0].startswith("[system]Jibu.[user]Kivuko cha kisiwani")
    assert "[assistant]saa mbili[user]Bibi Asha" in lm.prompts[0]
    assert found["n-shot"]["tli_tydiqa_swh_Latn"] == 1
    kept = found["samples"]["tli_tydiqa_swh_Latn"][0]["arguments"][0][0]
    assert json.loads(json.dumps(kept)) == pickle.loads(pickle.dumps(kept)) == lm.prompts[0]
    assert type(pickle.loads(pickle.dumps(kept))) is str  # ranks send samples to each other


def test_word_translation_is_continued_and_its_examples_are_dev_words(asked):
    lm = Instruct(lambda doc: "x", lambda doc, text: float(text.strip() in doc["accepted"]))
    found, config = asked(lm, "tli_translate_swh_Latn-eng_Latn", shots=1, limit=2)
    assert found["p1"] == 1
    assert config["metadata"]["asked"]["chat_template"] is False
    assert config["metadata"]["asked"]["fewshot_source"].startswith("lexicon:core 1.0.0, dev words, sha256:")
    assert len(set(lm.prompts)) == 4
    for prompt in lm.prompts:
        shown, question = prompt.split("\n\n")
        assert "[user]" not in prompt
        assert shown[:7] == question[:7]  # asked in the same words
    spec = Translate("t", {"pair": "swh-eng"})
    scored = {doc["concept"] for doc in spec.load().items}
    assert not scored & {doc["concept"] for doc in spec.examples("x").items}


def test_a_set_without_another_split_is_refused_with_the_way_out(tmp_path):
    def shots(**options):
        task = AnswerTask({"task": "t", "metadata": {"spec": "xquad", "language": "eng_Latn", "iso2": "en", **options}})
        task.set_config("num_fewshot", 1)
        return task.shots()

    qa = {"id": "a", "question": "Who?", "answers": [{"text": "Nora", "answer_start": 0}]}
    data = {"data": [{"paragraphs": [{"context": "Nora sings.", "qas": [qa]}]}]}
    (tmp_path / "xquad.en.json").write_text(json.dumps(data))
    with pytest.raises(InputError, match=r"XQuAD has one split, .* holds xquad.en.json and xquad.en.fewshot.json"):
        shots(data_dir=str(tmp_path))
    with pytest.raises(InputError, match=r"nothing to take examples from \(the Hub\)"):
        XQuAD("t", {"language": "eng_Latn", "iso2": "en"}).examples("hf:google/xquad/xquad.en/validation@51ad")
    (tmp_path / "xquad.en.fewshot.json").write_text(json.dumps(data))  # the scored paragraph itself
    with pytest.raises(
        DataError, match=r"has 0 documents that differ from each other and from the scored ones.* asks for 1"
    ):
        shots(data_dir=str(tmp_path))
    data["data"][0]["paragraphs"].append({"context": "Sami reads.", "qas": [{**qa, "id": "b"}]})
    (tmp_path / "xquad.en.fewshot.json").write_text(json.dumps(data))
    assert [doc["id"] for doc in shots(data_dir=str(tmp_path))] == ["b"]


def test_xquads_examples_are_found_where_xquad_is(tmp_path):
    """In a folder that holds several sets: in the sub-folder with the set's name."""
    (tmp_path / "xquad").mkdir()
    for name in ("xquad.en.json", "xquad.en.fewshot.json"):
        shutil.copy(data_dir("tasks") / "xquad" / "fixtures" / name, tmp_path / "xquad")
    options = {"spec": "xquad", "language": "eng_Latn", "iso2": "en", "data_dir": str(tmp_path)}
    task = AnswerTask({"task": "t", "metadata": options})
    task.set_config("num_fewshot", 1)
    assert [doc["id"] for doc in task.shots()] == ["tli-shot-0-0"]
    assert task.asked(chat=False, system=None)["fewshot_source"].startswith("xquad.en.fewshot.json, sha256:")


@pytest.mark.parametrize(
    ("name", "file"),
    [("tli_xquad_tur_Latn", "xquad.tr.fewshot.json"), ("tli_tydiqa_swh_Latn", "tydiqa-goldp-v1.1-train.json"),
     ("tli_xlsum_kyrgyz", "kyrgyz_val.jsonl")],
)  # fmt: skip
def test_the_same_examples_from_two_folders_are_the_same_and_others_are_not(name, file, manager, tmp_path):
    spec = manager.load([name])["tasks"][name].spec
    own = data_dir("tasks") / ("xlsum" if "xlsum" in name else "xquad") / "fixtures"
    said = []
    for folder in ("one", "two"):
        shutil.copytree(own, tmp_path / folder)
        spec.options["data_dir"] = str(tmp_path / folder)
        said.append(spec.shots(1, spec.load().items, str(tmp_path / folder)).source)
    assert said[0] == said[1]
    assert re.fullmatch(re.escape(file) + ", sha256:[0-9a-f]{12}", said[0])
    assert spec.shots(2, [], str(tmp_path)).source != said[0]


def test_a_template_that_swallows_the_system_prompt_is_no_success(asked):
    class Mute(Instruct):
        def apply_chat_template(self, messages, add_generation_prompt=True):
            return super().apply_chat_template([m for m in messages if m["role"] != "system"], add_generation_prompt)

    with pytest.raises(InputError, match=r"has no place for the system prompt 'Be brief.'; leave out --system-prompt"):
        asked(Mute(lambda doc: "x"), "tli_xquad_eng_Latn", system_instruction="Be brief.")


def test_the_version_tells_which_translation_prompts_changed():
    def version(pair, **options):
        return Translate("t", {"pair": pair, **options}).version()

    assert [version(pair) for pair in ("swh-eng", "tur-kaz", "azj-eng", "eng-uzn", "tur-azj")] == [1, 1, 2, 2, 2]
    assert version("azj-eng", prompts="own") == 1
    [first, _] = Translate("t", {"pair": "azj-uzn"}).prompts_of({"word": "su"})
    assert first == "The Uzbek word for the Azerbaijani word su is"
