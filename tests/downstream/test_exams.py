"""TUMLU-mini, KazMMLU, UzLiB and SIB-200: copies of their repositories with questions of our own, read and answered.

The layouts are those named at the head of `tasks/exams/hub.yaml`; SIB-200's files are as `create_sib_data.py` of
github.com/dadelani/sib-200 writes them.
"""

import json
import logging
import re

import pytest
import torch
from lm_eval import evaluate
from lm_eval.tasks import TaskManager

from tests.downstream.conftest import Scripted
from tli_bench.base.paths import data_dir
from tli_bench.downstream.choice import ChoiceSpec
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.exams import _question, exams
from tli_bench.downstream.registry import find_spec
from tli_bench.downstream.specs.sib200 import macro_f1
from tli_bench.downstream.tagged import TaggedAnswer
from tli_bench.languages.registry import registry

TATAR = [
    {
        "question": "Кошның ничә канаты бар?",
        "answer": "B",
        "subject": "Biology",
        "choices": ["бер", "ике", "өч", "дүрт"],
    },
    {"question": "2 + 2 = ?", "answer": "A", "subject": "Maths", "choices": ["4", "5"]},
    {"question": "Кыш нинди була?", "answer": "C", "subject": "Geography", "choices": ["кайнар", "кызу", "салкын"]},
]


def card(folder, configs):
    """README.md of a repository: (configuration, split, path of its file)."""
    folder.mkdir(parents=True, exist_ok=True)
    by_config = {}
    for config, split, path in configs:
        by_config.setdefault(config, []).append(f'  - split: {split}\n    path: "{path}"\n')
    lines = [f'- config_name: "{name}"\n  data_files:\n{"".join(files)}' for name, files in by_config.items()]
    (folder / "README.md").write_text("---\nconfigs:\n" + "".join(lines) + "---\n", encoding="utf-8")


def tumlu(folder, rows):
    """TUMLU-mini: a configuration per language with the splits dev and test (here JSON lines; the Hub has parquet).

    On the Hub each list of choices is a text that Python would read, and the last column is `CoT`, as public code says that reads it.
    """
    card(folder, [("tatar", split, f"tatar/{split}.jsonl") for split in ("dev", "test")])
    (folder / "tatar").mkdir()
    for split, kept in (("dev", rows[:1]), ("test", rows)):
        there = [{name: str(value) for name, value in row.items()} | {"CoT": ""} for row in kept]
        text = "\n".join(json.dumps(row, ensure_ascii=False) for row in there)
        (folder / "tatar" / f"{split}.jsonl").write_text(text, encoding="utf-8")
    return folder


def kazmmlu(folder):
    """KazMMLU: one CSV per subject and split; a question of four options has no Option E."""
    names = [config.format(language="kaz") for config in exams()["kazmmlu"].configs]
    card(folder, [(name, "test", f"{name}/test.csv") for name in names])
    for name in names:
        (folder / name).mkdir()
        (folder / name / "test.csv").write_text(
            "Question,Option A,Option B,Option C,Option D,Option E,Answer Key\n"
            "Бір жылда неше ай бар?,10,11,12,13,,C\n"
            "Аптада неше күн бар?,3,4,5,6,7,E\n",
            encoding="utf-8",
        )
    return folder


def uzlib(folder):
    """UzLiB: a split per kind of question, in one configuration."""
    splits = exams()["uzlib"].splits
    card(folder, [("default", split, f"data/{split}.jsonl") for split in splits])
    (folder / "data").mkdir()
    for split in splits:
        row = {"id": 1, "type": split, "question": "Qaysi soʻz toʻgʻri yozilgan?", "answer": "D"}
        row |= {"option_a": "kitop", "option_b": "kitap", "option_c": "kitobb", "option_d": "kitob"}
        (folder / "data" / f"{split}.jsonl").write_text(json.dumps(row), encoding="utf-8")
    return folder


def spec(kind, folder, **options):
    return find_spec(kind)("t", {**options, "data_dir": str(folder)})


def exam(folder, name, code, called):
    return spec("exams", folder, exam=name, language=code, called=called)


def test_the_three_layouts_are_read(tmp_path):
    tatar = exam(tumlu(tmp_path / "tumlu", TATAR), "tumlu", "tat_Cyrl", "tatar").load()
    assert [(doc["options"], doc["gold"]) for doc in tatar.items] == [
        (list("ABCD"), 1),
        (list("AB"), 0),
        (list("ABC"), 2),
    ]
    assert tatar.source == f"{tmp_path}/tumlu/tatar/test"
    kazakh = exam(kazmmlu(tmp_path / "kaz"), "kazmmlu", "kaz_Cyrl", "kaz").load()
    assert len(kazakh.items) == 2 * len(exams()["kazmmlu"].configs) == 24
    assert [(doc["texts"], doc["gold"]) for doc in kazakh.items[:2]] == [
        (["10", "11", "12", "13"], 2), (["3", "4", "5", "6", "7"], 4),
    ]  # fmt: skip
    assert kazakh.source.endswith("Biology (High School in kaz)/test + 11 more of the same set")
    uzbek = exam(uzlib(tmp_path / "uz"), "uzlib", "uzn_Latn", "uz").load()
    assert [doc["texts"][doc["gold"]] for doc in uzbek.items] == ["kitob"] * 4


def test_a_prompt_shows_the_options_by_letter_in_the_language(tmp_path):
    task = exam(tumlu(tmp_path / "tumlu", TATAR), "tumlu", "tat_Cyrl", "tatar")
    doc = task.load().items[1]
    assert task.prompt(doc) == "2 + 2 = ?\nA. 4\nB. 5\nҖавап:"
    assert [request.continuation for request in task.requests(doc)] == [" A", " B"]


@pytest.mark.parametrize("code", [one.code for one in registry() if "tumlu" in one.datasets])
def test_every_language_of_an_exam_has_a_prompt(code):
    task = find_spec("exams")("t", {"exam": "tumlu", "language": code, "called": "x"})
    said = task.prompt({"question": "Q {options}", "texts": ["one", "two"], "options": ["A", "B"], "gold": 0})
    assert said.startswith("Q {options}\nA. one\nB. two\n")
    assert said.endswith(":")


@pytest.mark.parametrize("written", [lambda texts: texts, str, json.dumps])
def test_a_list_may_be_written_as_text(written):
    row = {"question": "2 + 2 = ?", "choices": written(["it's 4", "5"]), "answer": "A"}
    assert _question(row, exams()["tumlu"]).options == ("it's 4", "5")
    assert _question(row | {"choices": r"['\frac 1 2', '5']"}, exams()["tumlu"]).options[1] == "5"
    assert _question(row | {"choices": r"['\alpha', '\%']"}, exams()["tumlu"]).options[1] == r"\%"


@pytest.mark.parametrize("text", ["['4', '5'", "4, 5", "__import__('os')", "[" * 5000, "['4', " + "'5', " * 9000 + "]"])
def test_a_text_that_is_no_list_is_refused(text):
    row = {"question": "2 + 2 = ?", "choices": text, "answer": "A"}
    with pytest.raises(ValueError, match=r"`choices` must be a list, got"):
        _question(row, exams()["tumlu"])


def test_a_row_that_cannot_be_asked_is_left_out_and_counted(tmp_path, caplog):
    rows = [*TATAR * 10, {**TATAR[0], "answer": "Г"}]
    task = exam(tumlu(tmp_path / "tumlu", rows), "tumlu", "tat_Cyrl", "tatar")
    with caplog.at_level(logging.WARNING):
        assert len(task.load().items) == 30
    assert task.facts() == {"left_out": 1}
    assert "leaves out 1 of 31 rows" in caplog.text
    assert "`answer` must be one of ABCD, got 'Г'" in caplog.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"answer": "E"}, "`answer` must be one of ABCD, got 'E'"),
        ({"choices": ["a", "", "b"]}, "no empty one between them"),
        ({"choices": ["a"]}, "2 to 8 options"),
        ({"question": " "}, "`question` must be a non-empty text"),
    ],
)
def test_more_than_a_few_such_rows_are_an_error(tmp_path, change, said):
    rows = [{**TATAR[0], **change}, *TATAR]
    with pytest.raises(DataError, match=re.escape(said) + r".*1 of 4 rows cannot be asked"):
        exam(tumlu(tmp_path / "tumlu", rows), "tumlu", "tat_Cyrl", "tatar").load()


def test_a_column_that_is_missing_is_named(tmp_path):
    rows = [{key: value for key, value in row.items() if key != "choices"} for row in TATAR]
    with pytest.raises(DataError, match=r"no column `choices`; it has CoT, answer, question, subject"):
        exam(tumlu(tmp_path / "tumlu", rows), "tumlu", "tat_Cyrl", "tatar").load()


def test_a_folder_that_is_no_copy_says_how_to_make_one(tmp_path):
    for folder, said in ((tmp_path / "none", "does not exist"), (tmp_path, "cannot be read")):
        with pytest.raises(DataError, match=rf"{said}.*hf download jafarisbarov/TUMLU-mini --repo-type dataset"):
            exam(folder, "tumlu", "tat_Cyrl", "tatar").load()
    with pytest.raises(DataError, match="task t has no fixtures"):
        exam("fixtures", "tumlu", "tat_Cyrl", "tatar").load()


SIB = (
    "index_id\tcategory\ttext\n"
    "0\tsports\tTimu ilishinda mechi.\n"
    '1\thealth\t"Alisema ""pole"" kwa mgonjwa."\n'
    "2\ttravel\tTreni ilichelewa.\n"
)


@pytest.fixture
def sib(tmp_path):
    (tmp_path / "swh_Latn").mkdir()
    (tmp_path / "swh_Latn" / "test.tsv").write_text(SIB, encoding="utf-8")
    return tmp_path


def test_sib200_is_read_from_its_own_files(sib):
    found = spec("sib200", sib, language="swh_Latn", called="swh_Latn").load()
    assert [doc["options"][doc["gold"]] for doc in found.items] == ["sports", "health", "travel"]
    assert found.items[1]["text"] == 'Alisema "pole" kwa mgonjwa.'
    (sib / "swh_Latn" / "test.tsv").write_text(SIB.replace("health", "medicine"), encoding="utf-8")
    with pytest.raises(
        DataError, match=r"test.tsv: line 3: `category` must be one of science/technology, .*'medicine'"
    ):
        spec("sib200", sib, language="swh_Latn", called="swh_Latn").load()


def scores(lm, name, folder):
    manager = TaskManager(
        include_path=str(data_dir("tasks")), include_defaults=False, metadata={"data_dir": str(folder)}
    )
    found = evaluate(lm=lm, task_dict=manager.load([name])["tasks"], bootstrap_iters=0, log_samples=False)
    return {key.split(",")[0]: value for key, value in found["results"][name].items()}


def test_a_model_that_knows_and_one_that_does_not(sib):
    right = Scripted(str, lambda doc, said: float(said == f" {doc['options'][doc['gold']]}"))
    found = scores(right, "tli_sib200_swh_Latn", sib)
    assert (found["acc"], found["acc_norm"], found["f1_macro"]) == (1, 1, 1)
    assert (found["chance"], found["majority"]) == pytest.approx((1 / 7, 1 / 3))
    one_answer = scores(Scripted(str, lambda doc, said: float(said == " sports")), "tli_sib200_swh_Latn", sib)
    assert one_answer["acc"] == pytest.approx(1 / 3)
    assert one_answer["f1_macro"] == pytest.approx((2 * 1 / (3 + 1)) / 3)
    flat = scores(Scripted(str), "tli_sib200_swh_Latn", sib)
    assert flat["acc"] == 0, "a tie is a miss"


def test_per_character_scores_do_not_favour_short_options():
    class Two(ChoiceSpec):
        def load(self): ...
        def prompt(self, doc): ...

    doc = {"options": ["no", "certainly"], "gold": 1}
    found = Two("t", {}).score(doc, [-2.0, -4.0])
    assert (found["acc"], found["acc_norm"]) == (0, 1)


def test_macro_f1_is_the_mean_over_right_answers():
    # By hand: a 2/3, b 4/5, c 0; d was never right.
    pairs = [("a", "a"), ("a", "c"), ("b", "b"), ("b", "b"), ("d", "b")]
    assert macro_f1(pairs) == pytest.approx((2 / 3 + 4 / 5 + 0) / 3)


def test_the_probe_learns_topics_from_english_sentences(tmp_path):
    for language in ("eng_Latn", "tuk_Latn"):
        (tmp_path / language).mkdir()
        for split, count in (("train", 6), ("dev", 4), ("test", 4)):
            rows = [f"{i}\t{('sports', 'travel')[i % 2]}\t{language} {split} {i} sözlem.\n" for i in range(count)]
            text = "index_id\tcategory\ttext\n" + "".join(rows)
            (tmp_path / language / f"{split}.tsv").write_text(text, encoding="utf-8")
    task = spec("sib200_probe", tmp_path, language="tuk_Latn", called="tuk_Latn", english="eng_Latn")
    docs = task.load().items
    assert [len([doc for doc in docs if doc["role"] == role]) for role in ("train", "dev", "test")] == [6, 4, 4]
    assert docs[2]["words"] == ["tuk_Latn test 0 sözlem."]
    assert task.requests(docs[2])[0].language == "tuk_Latn"
    pool = [
        (doc, TaggedAnswer(("0",), {"base": torch.tensor([[[float(doc["tags"][0] == "sports"), 1.0]]])}, (0,)))
        for doc in docs
    ]
    values = task.measure(pool).headlines
    assert (values["accuracy"], values["majority"], values["lookup"]) == (1, 0.5, 0.5)
