"""The generated definitions are current, load, and the evaluate modules load offline by their folder."""

import subprocess
import sys

import pytest
import yaml

from tli_bench.base.errors import InputError
from tli_bench.base.paths import data_dir
from tli_bench.downstream.errors import DataError
from tli_bench.plugin.catalog import load_tasks
from tli_bench.plugin.suites import members, names_stock_tasks
from tli_bench.plugin.tasklist import our_task_names
from tools.write_downstream_tasks import definitions, groups


def is_downstream(name):
    return not name.startswith(("tli_alignment_", "tli_probe_"))


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
    assert sorted(loaded) == sorted(members("tli_downstream"))


def test_all_holds_every_downstream_task_that_has_data_offline(manager):
    """A task is left out where its data are nowhere but on the Hub: its fixtures and sample cannot be read."""
    every = [name for name, kind in our_task_names().items() if kind == "task" and is_downstream(name)]
    offline = set()
    for name, task in manager.load(every)["tasks"].items():
        try:
            task.test_docs()
        except DataError:
            continue
        offline.add(name)
    assert set(members("tli_downstream")) == offline


def test_every_document_set_of_downstream_loads_offline(manager):
    for name, task in manager.load(["tli_downstream"])["tasks"].items():
        docs = task.test_docs()
        assert len(docs) >= 3, name
        assert task.source.startswith(("fixtures:", "sample:", "lexicon:")), name


def test_suites_hold_no_twins_and_name_existing_groups():
    for name, listed in groups().items():
        assert len(set(members(name))) == len(members(name)) or name == "tli_suite_xtremer", name
        assert yaml.safe_load((data_dir("tasks") / "suites" / f"{name}.yaml").read_text())["task"] == listed


EVALUATED = {
    "tli_rouge": [
        ("predictions=['бала китеп'], references=['бала китеп'], language='kir_Cyrl'", "'rouge1': 1.0"),
        ("predictions=['kitaplar'], references=['kitabı'], language='tur_Latn'", "stem:TurkishStemmer"),
    ],
    "tli_qa": [("predictions=['IŞIK'], references=[['ışık', 'lamba']], language='tur_Latn'", "'exact_match': 1.0")],
}


@pytest.mark.slow
def test_evaluate_loads_our_metrics_by_folder(tmp_path):
    lines = ["import evaluate"]
    for module, cases in EVALUATED.items():
        lines.append(f"metric = evaluate.load({str(data_dir('tasks') / 'evaluate' / module)!r})")
        lines += [f"print(metric.compute({arguments}))" for arguments, _ in cases]
    environment = {
        "PATH": "/usr/bin:/bin",
        "HF_HUB_OFFLINE": "1",
        "HF_EVALUATE_OFFLINE": "1",
        "HF_HOME": str(tmp_path),
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, timeout=120, env=environment
    )
    assert done.returncode == 0, done.stderr[-2000:]
    expected = [found for cases in EVALUATED.values() for _, found in cases]
    for line, found in zip(done.stdout.splitlines(), expected, strict=True):
        assert found in line


def test_the_language_guesser_knows_half_of_the_sample_from_the_other():
    from tli_bench.downstream.readers import read_sentences
    from tli_bench.downstream.scorers.checks import LanguageGuesser

    sample = {path.stem: read_sentences(path) for path in (data_dir("tasks") / "bitext" / "sample").glob("*.txt")}
    guesser = LanguageGuesser({code: lines[::2] for code, lines in sample.items()})
    guesses = [
        (code, guesser.guess(f"{a} {b}"))
        for code, lines in sample.items()
        for a, b in zip(lines[1::4], lines[3::4], strict=False)
    ]
    assert sum(code == guess for code, guess in guesses) / len(guesses) > 0.9


@pytest.mark.slow
def test_a_suite_without_the_hub_names_the_data_it_lacks(monkeypatch):
    def unreachable(path, *_, **__):
        raise ConnectionError(f"Couldn't reach '{path}' on the Hub (OfflineModeIsEnabled)")

    monkeypatch.setattr("datasets.load_dataset", unreachable)
    with pytest.raises(
        InputError, match=r"cannot load tli_suite_english: ConnectionError: .*'facebook/belebele'.*the Hub"
    ):
        load_tasks(["tli_suite_english"], metadata={"data_dir": "fixtures"})
