"""A downstream task from outside: by the steps of CONTRIBUTING.md in a copy of the tree, and by a package of one's own."""

import json
import os
import re
import subprocess
import sys

import pytest
import yaml
from lm_eval import evaluate

from tests.downstream.conftest import Scripted
from tests.walk import ROOT, commands, copy_of_the_tree, section, touched, type_in
from tli_bench.downstream.registry import find_spec, own_names
from tli_bench.plugin.downstream_tasks import AnswerTask

TITLE = "Add a downstream task"
NAME = "which_language"


def files():
    """The files that the section shows in full, by path."""
    return dict(re.findall(r"^`([^`\n]+)`:\n```\w+\n(.*?)^```", section(TITLE), re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """A copy of the tree after the documented steps, and what the last of them printed."""
    tree = copy_of_the_tree(tmp_path_factory.mktemp("walk"))
    for path, text in files().items():
        (tree / path).parent.mkdir(exist_ok=True)
        (tree / path).write_text(text, encoding="utf-8")
    make, command = commands(TITLE)
    type_in(tree, make)
    return tree, type_in(tree, command)


def test_the_documented_files_are_two():
    assert sorted(files()) == [f"tasks/{NAME}/prompts.yaml", f"tli_bench/downstream/specs/{NAME}.py"]


@pytest.mark.slow  # the walk, in a copy of the tree
def test_the_steps_make_a_task_for_every_language_and_its_group(walked):
    codes = yaml.safe_load(files()[f"tasks/{NAME}/prompts.yaml"])["names"]
    written = {f"tasks/suites/tli_{NAME}.yaml", *(f"tasks/{NAME}/tli_{NAME}_{code}.yaml" for code in codes)}
    # With data offline the tasks are part of `all`; nothing else moves.
    assert set(touched(walked[0])) == {*files(), *written, "tasks/suites/tli_downstream.yaml"}


@pytest.mark.slow  # the walk, in a copy of the tree
def test_what_the_steps_made_runs_and_is_recorded(walked):
    tree, printed = walked
    assert re.search(r"^naming the language", printed, re.MULTILINE)
    assert re.search(rf"^ ?tli_{NAME}_swh_Latn +6 +\d\.\d{{3}} → \d\.\d{{3}}", printed, re.MULTILINE)
    records = [json.loads(path.read_text()) for path in (tree / "runs" / "downstream").rglob("*.json")]
    assert {record["task"] for record in records} == {
        f"tli_{NAME}_{code}" for code in ("eng_Latn", "swh_Latn", "tur_Latn")
    }
    for record in records:
        assert record["higher_is_better"]["acc"] is True
        assert (record["source"], record["documents"], record["limit"]) == ("sample:bitext", 6, 6)
        for state in ("base", "adapted"):
            hits = record["scores"][state]["acc"] * 6
            assert hits == pytest.approx(round(hits)), "a share of six sentences"


def test_the_example_is_scored_by_who_knows_and_who_does_not(tmp_path, monkeypatch, scores):
    """The specification of the section, with a model that prefers the right name and with one that prefers a wrong one."""
    (tmp_path / "example.py").write_text(files()[f"tli_bench/downstream/specs/{NAME}.py"], encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    import example

    told = yaml.safe_load(files()[f"tasks/{NAME}/prompts.yaml"])
    monkeypatch.setattr(example, "prompts", lambda task: told)
    task = AnswerTask({"task": "t", "metadata": {"spec": "example:WhichLanguage", "language": "swh_Latn"}})
    for name, expected in ((" Swahili", 1.0), (" Turkish", 0.0)):
        lm = Scripted(lambda doc: "", lambda doc, text, name=name: float(text == name))
        found = evaluate(lm=lm, task_dict={"t": task}, limit=4, bootstrap_iters=0, log_samples=False)
        assert found["results"]["t"]["acc,none"] == expected


OUTSIDE = '''
"""Two specifications of another package."""

from tli_bench.downstream.embedded import EmbeddedSpec, cosines
from tli_bench.downstream.scorers.ranking import rank_scores
from tli_bench.downstream.sources import Loaded
from tli_bench.downstream.spec import UP, AnswerSpec

import numpy as np
import torch


class Echo(AnswerSpec):
    """Does the answer repeat the word?"""

    METRICS = {"said": UP, "length": UP}
    MAX_TOKENS = 4

    def load(self):
        return Loaded([{"word": word} for word in ("maji", "moto", "nyumba")], "outside")

    def prompt(self, doc):
        return f"{self.need('before')} {doc['word']}"

    def target(self, doc):
        return doc["word"]

    def score(self, doc, answers):
        return {"said": float(doc["word"] in answers[0]), "length": float(len(answers[0]))}


class Twins(EmbeddedSpec):
    """Is a word nearest to itself?"""

    MEASURES = {"mrr": True}

    def load(self):
        words = ("maji", "moto", "nyumba", "jua")
        return Loaded([{"position": i, "word": word} for i, word in enumerate(words)], "outside")

    def prompt(self, doc):
        return doc["word"]

    def target(self, doc):
        return doc["word"]

    def texts(self, doc):
        return [(doc["word"], doc["word"])]

    def score_layer(self, items, state, layer):
        both = torch.stack([answers[0].at(state, layer) for _, answers in items])
        return {"mrr": rank_scores(cosines(both[:, 0], both[:, 1]), np.eye(len(items), dtype=bool)).mrr}
'''


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """Folder of a package with an entry point, and a folder of YAML files."""
    packages, tasks = tmp_path_factory.mktemp("packages"), tmp_path_factory.mktemp("yaml")
    (packages / "elsewhere.py").write_text(OUTSIDE, encoding="utf-8")
    info = packages / "elsewhere-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[tli_bench.downstream]\necho = elsewhere:Echo\n", encoding="utf-8")
    for name, kind, meta in (
        ("elsewhere_echo", "AnswerTask", "spec: echo, before: Neno"),
        ("elsewhere_twins", "EmbeddedTask", "spec: 'elsewhere:Twins', source: swh_Latn, target: swh_Latn"),
    ):
        (tasks / f"{name}.yaml").write_text(
            f"task: {name}\nclass: !function tli_bench.plugin.downstream_tasks.{kind}\nmetadata: {{{meta}}}\n",
            encoding="utf-8",
        )
    return packages, tasks


@pytest.mark.slow
def test_a_package_of_its_own_brings_tasks_that_lm_eval_runs(outside, tmp_path):
    """The command of the section, with the tasks of another package: one by its entry point, one by `module:Class`."""
    packages, tasks = outside
    line = re.search(r"^`(tli-bench lm-eval run [^`]+)` runs it", section(TITLE), re.MULTILINE)[1]
    chosen = {"FOLDER": str(tasks), "your_task": "elsewhere_echo,elsewhere_twins"}
    words = [chosen.get(word, word) for word in line.split()[1:]]
    environment = {
        **os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(packages), str(ROOT)]),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "tli_bench", *words, "--output_path", str(tmp_path)],
        env=environment, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(next(tmp_path.rglob("results_*.json")).read_text(encoding="utf-8"))
    echo, twins = (found["results"][name] for name in ("elsewhere_echo", "elsewhere_twins"))
    assert 0 <= echo["said,none"] <= 1
    assert isinstance(echo["length_stderr,none"], float)  # lm-eval knows the standard error of a mean
    assert twins["mrr_output,none"] == 1.0
    assert found["configs"]["elsewhere_echo"]["metadata"]["source"] == "outside"
    assert found["configs"]["elsewhere_echo"]["generation_kwargs"]["max_gen_toks"] == 4
    assert found["n-samples"]["elsewhere_echo"]["effective"] == 3


def test_every_file_of_the_room_is_a_specification():
    assert {"xquad", "tydiqa", "xquad_r", "xlsum", "bitext", "translate"} <= set(own_names())
    for name in own_names():
        assert find_spec(name).TITLE, name
