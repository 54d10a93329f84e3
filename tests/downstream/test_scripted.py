"""Perfect, empty, copied and wrong-language outputs get the scores a person expects, through the whole harness."""

import pytest

from tests.downstream.conftest import Scripted
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.scorers.checks import script_of
from tli_bench.downstream.specs.translate import Translate
from tli_bench.languages import LANGUAGES

QA = ["tli_xquad_eng_Latn", "tli_xquad_tur_Latn", "tli_xquad_spa_Latn", "tli_tydiqa_swh_Latn"]
XLSUM = [
    f"tli_xlsum_{name}{suffix}"
    for name in ("swahili", "turkish", "azerbaijani", "kyrgyz", "uzbek")
    for suffix in ("", "_en")
]


@pytest.mark.parametrize("name", QA)
def test_any_gold_answer_is_right(scores, name):
    for pick in (0, -1):
        found = scores(Scripted(lambda doc, pick=pick: f" {doc['answers'][pick]}"), name)
        assert (found["exact_match"], found["f1"], found["empty"], found["wrong_script"]) == (1, 1, 0, 0)
        assert (found["em_squad"], found["f1_squad"]) == (1, 1)


@pytest.mark.parametrize("name", QA)
def test_empty_and_wrong_script_answers(scores, name):
    empty = scores(Scripted(lambda doc: "  "), name)
    assert (empty["exact_match"], empty["f1"], empty["empty"]) == (0, 0, 1)
    wrong = scores(Scripted(lambda doc: "билмейм"), name)
    assert (wrong["f1"], wrong["empty"], wrong["wrong_script"]) == (0, 0, 1)


@pytest.mark.parametrize("name", XLSUM)
def test_the_human_summary_is_perfect(scores, name):
    found = scores(Scripted(lambda doc: doc["summary"]), name)
    assert [found[k] for k in ("rouge1", "rouge2", "rougeL", "length_ratio")] == pytest.approx([1, 1, 1, 1])
    assert [found[k] for k in ("bleu", "chrf++")] == pytest.approx([100, 100])
    assert [found[k] for k in ("empty", "copied", "wrong_script", "wrong_language")] == [0, 0, 0, 0]


def test_empty_copied_and_foreign_summaries_are_counted(scores):
    empty = scores(Scripted(lambda doc: ""), "tli_xlsum_turkish")
    assert (empty["empty"], empty["rouge1"], empty["bleu"], empty["length_ratio"]) == (1, 0, 0, 0)
    copied = scores(Scripted(lambda doc: doc["text"]), "tli_xlsum_kyrgyz")
    assert (copied["copied"], copied["wrong_language"]) == (1, 0)
    assert copied["length_ratio"] > 1.5
    english = scores(
        Scripted(lambda doc: "The new bridge was opened on Monday and the children can walk to school."),
        "tli_xlsum_swahili",
    )
    assert (english["wrong_script"], english["wrong_language"]) == (0, 1)
    cyrillic = scores(Scripted(lambda doc: "Новый мост открыли в понедельник."), "tli_xlsum_azerbaijani")
    assert (cyrillic["wrong_script"], cyrillic["wrong_language"]) == (1, 1)


def test_the_uzbek_script_is_detected_not_assumed(scores):
    found = scores(Scripted(lambda doc: doc["summary"]), "tli_xlsum_uzbek")
    assert found["reference_cyrillic"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("name", [*QA, *XLSUM])
def test_a_prompt_holds_the_document_and_no_template(manager, name):
    task = manager.load([name])["tasks"][name]
    for doc in task.test_docs():
        prompt = task.doc_to_text(doc)
        for field in ("context", "question", "text"):
            assert prompt.count(doc.get(field, "")) >= 1
        assert "{" not in prompt
        assert "}" not in prompt


def test_a_document_with_braces_is_left_alone(manager):
    task = manager.load(["tli_xquad_eng_Latn"])["tasks"]["tli_xquad_eng_Latn"]
    prompt = task.doc_to_text({"context": "a {question} b", "question": "What is {context}?"})
    assert prompt == "a {question} b\n\nQuestion: What is {context}?\nAnswer:"


def test_the_source_and_the_signatures_stand_in_the_configuration(manager):
    task = manager.load(["tli_xlsum_kyrgyz"])["tasks"]["tli_xlsum_kyrgyz"]
    task.test_docs()
    meta = task.dump_config()["metadata"]
    assert meta["source"] == "fixtures:xlsum/kyrgyz_test.jsonl"
    assert meta["documents"] == 3
    assert "tok:13a" in meta["signatures"]["bleu"]
    assert "nw:2" in meta["signatures"]["chrf++"]
    assert "tok:tli-unicode" in meta["signatures"]["rouge"]


def test_word_translation_by_a_model_that_knows_and_one_that_does_not(scores):
    knows = Scripted(
        lambda doc: f" {doc['accepted'][0].upper()}.\nmore", lambda doc, text: float(text.strip() in doc["accepted"])
    )
    found = scores(knows, "tli_translate_eng_Latn-swh_Latn", limit=4)
    assert [found[k] for k in ("p1", "mrr", "greedy_exact")] == [1, 1, 1]
    assert found["pool"] > 40
    flat = scores(Scripted(lambda doc: "?", lambda doc, text: -1.0), "tli_translate_eng_Latn-swh_Latn", limit=4)
    assert (flat["p1"], flat["greedy_exact"]) == (0, 0)
    assert flat["mrr"] < 0.05
    prompts = set(knows.prompts)
    assert len(prompts) == 8
    assert all("Swahili" in prompt and "{" not in prompt for prompt in prompts)


def test_word_translation_asked_in_the_language_of_the_word(scores):
    knows = Scripted(lambda doc: f" {doc['accepted'][0]}.", lambda doc, text: float(text.strip() in doc["accepted"]))
    found = scores(knows, "tli_translate_own_swh_Latn-eng_Latn", limit=3)
    assert [found[k] for k in ("p1", "mrr", "greedy_exact")] == [1, 1, 1]
    assert len(set(knows.prompts)) == 6
    assert all("Kiingereza" in prompt and "English" not in prompt and "{" not in prompt for prompt in knows.prompts)


def test_every_language_has_prompts_of_its_own_with_a_name_for_each_other():
    for code in LANGUAGES:
        others = [other for other in LANGUAGES if other != code]
        filled = [
            Translate("t", {"pair": f"{code}-{other}", "prompts": "own"}).prompts_of({"word": "XX"}) for other in others
        ]
        assert len({prompt for prompts in filled for prompt in prompts}) == len(others) * len(filled[0]), code
        assert all(prompt.count("XX") == 1 and "{" not in prompt for prompts in filled for prompt in prompts)
        scripts = [script_of(prompt.replace("XX", "")) for prompts in filled for prompt in prompts]
        assert set(scripts) == {code.split("_")[1]}


def test_prompt_sets_that_are_broken_are_named(monkeypatch, tmp_path):
    import tli_bench.downstream.specs.translate as translate

    monkeypatch.setattr(translate, "prompts", lambda task: {"default": ["no slot"]})
    monkeypatch.setenv("TLI_BENCH_LANGUAGES", str(tmp_path))
    for code, prompts in (
        ("qaa", "prompts: {translate: ['{word} {target}']}"),
        ("qab", "prompts: {translate: [x]}"),
        ("qac", ""),
    ):
        (tmp_path / f"{code}_Latn.yaml").write_text(f"code: {code}_Latn\nname: Test\n{prompts}\n", encoding="utf-8")
    doc = {"word": "maji"}
    for chosen, pair, message in (
        (
            "default",
            "swh-eng",
            r"prompts.yaml: `default` must be a list of sentences with \{word\} once, got \['no slot'\]",
        ),
        ("own", "qaa-eng", r"qaa_Latn.yaml: `names` has no name for qaa_Latn"),
        (
            "own",
            "qab-eng",
            r"qab_Latn.yaml: `prompts.translate` must be a list of sentences with \{word\} once, got \['x'\]",
        ),
        ("own", "qac-eng", r"qac_Latn.yaml: no `prompts.translate`; add one to qac_Latn.yaml"),
        ("own", "qad_Latn-eng", r"no file describes qad_Latn: no `prompts.translate`; add one to qad_Latn.yaml"),
    ):
        with pytest.raises(DataError, match=message):
            Translate("t", {"pair": pair, "prompts": chosen}).prompts_of(doc)
