"""The generated task definitions are current, load in lm-eval, and name what exists."""

import pytest

from tli_bench.base.errors import UnknownNameError
from tli_bench.base.paths import data_dir
from tli_bench.languages import DEFAULT_PAIRS
from tli_bench.plugin.tasklist import our_task_names
from tools.write_tasks import definitions


def test_every_definition_is_on_disk_as_generated():
    stale = [
        name for name, text in definitions().items() if (data_dir("tasks") / name).read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run `make tasks`"


def test_every_default_pair_has_its_tasks_and_groups_name_them():
    names = our_task_names()
    for pair in DEFAULT_PAIRS:
        for kind in ("alignment", "probe_trained", "probe_control"):
            assert names[f"tli_{kind}_{pair}"] == "task"
    assert {name for name, kind in names.items() if kind == "group"} >= {"tli_swahili", "tli_turkic", "tli_alignment"}


def test_lm_eval_loads_our_groups_into_our_classes():
    from tli_bench.plugin.catalog import load_tasks
    from tli_bench.plugin.tasks import AlignmentTask

    tasks = load_tasks(["tli_swahili", "tli_probe_control_tur_Latn-eng_Latn"], metadata={"seed": 0})
    assert set(tasks) == {
        "tli_alignment_swh_Latn-eng_Latn", "tli_alignment_swh_Latn-tur_Latn", "tli_probe_control_tur_Latn-eng_Latn"
    }  # fmt: skip
    assert type(tasks["tli_alignment_swh_Latn-eng_Latn"]) is AlignmentTask
    docs = tasks["tli_probe_control_tur_Latn-eng_Latn"].test_docs()
    assert {doc["split"] for doc in docs} == {"control", "dev"}


def test_any_two_languages_of_the_lexicon_make_a_task():
    from tli_bench.plugin.catalog import load_tasks

    task = load_tasks(["tli_alignment_kaz-uzn"], metadata={})["tli_alignment_kaz-uzn"]
    assert task.pair == "kaz_Cyrl-uzn_Latn"
    assert len(task.pairs) > 700


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("tli_swahilli", "tli_swahili"),
        ("tli_alignment_swh_Latn-eng_Lat", "eng"),
        ("tli_probe_control_swh-eng", "tli_probe_control_swh"),
    ],
)
def test_an_unknown_name_is_suggested(name, suggestion, monkeypatch):
    from lm_eval.tasks import TaskManager

    from tli_bench.plugin import catalog

    # The index of lm-eval's own 14,000 tasks takes seconds and does not matter here.
    monkeypatch.setattr(
        catalog, "TaskManager", lambda include_defaults, **kw: TaskManager(include_defaults=False, **kw)
    )
    with pytest.raises(UnknownNameError, match=suggestion):
        catalog.load_tasks([name], metadata={})
