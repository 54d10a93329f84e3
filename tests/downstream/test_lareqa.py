"""Retrieval with LAReQA's own sentences: pools by place, one or all languages, and mean average precision over several right ones.

The layout is that of `xquad-r/<lang>.json` in github.com/google-research-datasets/lareqa at 5405d2a: SQuAD's, with `sentence_breaks`
(and the sentences themselves, which are not read) for each paragraph. The sentences here are ours.
"""

import json

import pytest
import torch
from lm_eval import evaluate

from tests.downstream.test_embedded import Planted, one_hot
from tli_bench.downstream.errors import DataError
from tli_bench.plugin.downstream_tasks import EmbeddedTask

PARAGRAPHS = {
    "en": [["It rains.", "Ali sleeps in Izmir."], ["It rains.", "The bus left at 9."]],
    "tr": [["Yağmur yağıyor.", "Ali İzmir'de uyuyor."], ["Otobüs 9'da kalktı.", "Yağmur yağıyor."]],
}
ANSWERS = {"en": [("Izmir", "rains"), ("9",)], "tr": [("İzmir", "Yağmur"), ("9",)]}
QUESTIONS = {"en": ["Where does Ali sleep?", "What does it do?", "When did the bus leave?"],
             "tr": ["Ali nerede uyuyor?", "Ne yağıyor?", "Otobüs ne zaman kalktı?"]}  # fmt: skip


def paragraph(language, number, breaks=True):
    texts = PARAGRAPHS[language][number]
    context, bounds = "", []
    for text in texts:
        context += " " if context else ""
        bounds.append([len(context), len(context) + len(text)])
        context += text
    first = 2 * number
    qas = [
        {
            "id": f"q{first + i}", "question": QUESTIONS[language][first + i],
            "answers": [{"text": answer, "answer_start": context.index(answer)}],
        }
        for i, answer in enumerate(ANSWERS[language][number])
    ]  # fmt: skip
    extra = {"sentence_breaks": bounds, "sentences": texts} if breaks else {}
    return {"context": context, "qas": qas, **extra}


def write(folder):
    for language in PARAGRAPHS:
        data = [{"paragraphs": [paragraph(language, 0), paragraph(language, 1)], "title": "t"}]
        (folder / f"{language}.json").write_text(json.dumps({"data": data, "version": "1.1"}), encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    write(tmp_path)
    return tmp_path


def task(folder, target, **options):
    sides = {
        "source": "eng_Latn",
        "source_iso2": "en",
        **({"target": "tur_Latn", "target_iso2": "tr"} if target == "tr" else {"target": target}),
    }
    return EmbeddedTask({"task": "t", "metadata": {"spec": "xquad_r", **sides, "data_dir": str(folder), **options}})


def facts(of):
    of.test_docs()
    return {key: of.config.metadata[key] for key in ("splitter", "pool", "unanswered")}


def test_each_place_is_a_candidate_and_the_metadata_say_so(folder):
    """`It rains.` stands in two paragraphs: two candidates, of which one is right."""
    assert facts(task(folder, "all")) == {
        "splitter": "LAReQA sentence_breaks", "pool": {"eng_Latn": 4, "tur_Latn": 4}, "unanswered": 0,
    }  # fmt: skip
    one = task(folder, "tr")
    assert facts(one)["pool"] == {"tur_Latn": 4}
    assert one.source == f"{folder / 'en.json'} -> {folder / 'tr.json'}"
    assert [doc["right"] for doc in one.test_docs()] == [["tur_Latn:0:1"], ["tur_Latn:0:0"], ["tur_Latn:1:0"]]


def test_a_folder_of_sets_holds_it_below_its_own_name(folder, tmp_path_factory):
    root = tmp_path_factory.mktemp("official")
    (root / "xquad-r").symlink_to(folder)
    assert facts(task(root, "tr"))["splitter"] == "LAReQA sentence_breaks"


def test_without_its_file_sentences_are_split_by_our_rule(tmp_path):
    for language in PARAGRAPHS:
        data = [{"paragraphs": [paragraph(language, n, breaks=False) for n in (0, 1)], "title": "t"}]
        (tmp_path / f"xquad.{language}.json").write_text(json.dumps({"data": data}), encoding="utf-8")
    assert facts(task(tmp_path, "all")) == {
        "splitter": "tli-sentences.v2", "pool": {"eng_Latn": 3, "tur_Latn": 3}, "unanswered": 0,
    }  # fmt: skip
    (tmp_path / "tr.json").write_bytes((tmp_path / "xquad.tr.json").read_bytes())
    with pytest.raises(DataError, match=r"tr.json: a paragraph has no `sentence_breaks`; take the file from LAReQA"):
        task(tmp_path, "tr").test_docs()


def score(of, vectors):
    found = evaluate(
        lm=Planted(lambda text: vectors[text][None]), task_dict={"t": of}, bootstrap_iters=0, log_samples=False
    )
    return {key.split(",")[0]: value for key, value in found["results"]["t"].items()}


def test_average_precision_is_over_the_right_sentences_of_all_languages(folder):
    """Each question lies on its English answer; the Turkish one is orthogonal to it, so that every wrong sentence ties with it."""
    texts = sorted({text for paragraphs in PARAGRAPHS.values() for both in paragraphs for text in both})
    vectors = {text: one_hot(number) for number, text in enumerate(texts)}
    vectors |= {
        "Where does Ali sleep?": vectors["Ali sleeps in Izmir."],
        "When did the bus leave?": vectors["The bus left at 9."],
    }
    vectors["What does it do?"] = vectors["Yağmur yağıyor."]
    found = score(task(folder, "all"), vectors)
    assert found["pool_output"] == 8
    assert found["queries"] == 3
    # The right Turkish one comes after the six wrong ones: (1/1 + 2/8) / 2. The second question's Turkish answer ties with its copy in
    # another place, so its ranks are 2 and 8.
    assert found["map_output"] == pytest.approx((2 * (1 + 2 / 8) / 2 + (1 / 2 + 2 / 8) / 2) / 3)
    assert found["p1_output"] == pytest.approx(2 / 3)


def test_the_headline_ranks_half_of_the_questions_among_all_candidates(folder):
    vectors = {text: torch.randn(8, generator=torch.Generator().manual_seed(n)) for n, text in enumerate(
        [text for both in PARAGRAPHS["tr"] for text in both] + QUESTIONS["en"]
    )}  # fmt: skip
    found = score(task(folder, "tr"), vectors)
    assert found["pool"] == found["pool_output"] == 4


def test_a_question_that_no_sentence_answers_is_not_asked(folder):
    data = json.loads((folder / "tr.json").read_text(encoding="utf-8"))
    paragraphs = data["data"][0]["paragraphs"]
    paragraphs[0]["sentence_breaks"][1][0] += 5  # the answer to q0 begins between the sentences
    paragraphs[0]["sentence_breaks"][1][0] = paragraphs[0]["context"].index("uyuyor")
    (folder / "tr.json").write_text(json.dumps(data), encoding="utf-8")
    one = task(folder, "tr")
    assert facts(one) == {"splitter": "LAReQA sentence_breaks", "pool": {"tur_Latn": 4}, "unanswered": 1}
    texts = [doc["question"] for doc in one.test_docs()] + [
        text for doc in one.test_docs() for text in doc["candidates"]
    ]
    assert score(one, {text: one_hot(n) for n, text in enumerate(dict.fromkeys(texts))})["pool_output"] == 4
