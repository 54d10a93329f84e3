"""The generated definitions are current, load, and the evaluate modules load offline by their folder."""

import subprocess
import sys

import pytest
import yaml

from tli_bench.harness.downstream.suites import members, names_stock_tasks
from tli_bench.paths import data_dir
from tli_bench.tasklist import our_task_names
from tools.write_downstream_tasks import definitions, groups


def test_every_definition_is_on_disk_as_generated():
    stale = [
        name for name, text in definitions().items() if (data_dir("tasks") / name).read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run `python -m tools.write_downstream_tasks`"


def test_everything_in_all_is_ours_and_loads(manager):
    assert not names_stock_tasks(["tli_all", "tli_downstream", "tli_xquad"])
    assert names_stock_tasks(["tli_suite_swahili"])
    assert names_stock_tasks(["tli_suite_xtremer"])
    names = our_task_names()
    assert all(name in names for name in members("tli_all"))
    loaded = manager.load(["tli_downstream"])["tasks"]
    assert len(loaded) == 3 + 1 + 18 + 10 + 15 + 30


def test_every_document_set_of_downstream_loads_offline(manager):
    for name, task in manager.load(["tli_downstream"])["tasks"].items():
        docs = task.test_docs()
        assert len(docs) >= 3, name
        assert task.source.startswith(("fixtures:", "sample:", "lexicon:")), name


def test_suites_hold_no_twins_and_name_existing_groups():
    for name, listed in groups().items():
        assert len(set(members(name))) == len(members(name)) or name == "tli_suite_xtremer", name
        assert yaml.safe_load((data_dir("tasks") / "suites" / f"{name}.yaml").read_text())["task"] == listed


@pytest.mark.parametrize(
    ("module", "arguments", "expected"),
    [
        ("tli_rouge", "predictions=['бала китеп'], references=['бала китеп'], language='kir_Cyrl'", "'rouge1': 1.0"),
        ("tli_qa", "predictions=['IŞIK'], references=[['ışık', 'lamba']], language='tur_Latn'", "'exact_match': 1.0"),
    ],
)
def test_evaluate_loads_our_metrics_by_folder(module, arguments, expected, tmp_path):
    code = (
        f"import evaluate; print(evaluate.load({str(data_dir('tasks') / 'evaluate' / module)!r}).compute({arguments}))"
    )
    environment = {
        "PATH": "/usr/bin:/bin",
        "HF_HUB_OFFLINE": "1",
        "HF_EVALUATE_OFFLINE": "1",
        "HF_HOME": str(tmp_path),
        "HOME": str(tmp_path),
    }
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    assert expected in done.stdout


def test_the_language_guesser_knows_half_of_the_sample_from_the_other():
    from tli_bench.harness.downstream.readers import read_sentences
    from tli_bench.scorers.checks import LanguageGuesser

    sample = {path.stem: read_sentences(path) for path in (data_dir("tasks") / "bitext" / "sample").glob("*.txt")}
    guesser = LanguageGuesser({code: lines[::2] for code, lines in sample.items()})
    guesses = [
        (code, guesser.guess(f"{a} {b}"))
        for code, lines in sample.items()
        for a, b in zip(lines[1::4], lines[3::4], strict=False)
    ]
    assert sum(code == guess for code, guess in guesses) / len(guesses) > 0.9
