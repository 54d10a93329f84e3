"""What lm-eval will find us by: declared in the packaging metadata, loadable, and unused by the release that is pinned."""

import tomllib

from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager

from tests.walk import ROOT

DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]


def _load(group):
    from importlib.metadata import EntryPoint

    return {name: EntryPoint(name, value, group).load() for name, value in DECLARED[group].items()}


def test_the_model_class_is_one_of_lm_evals():
    (model,) = _load("lm_eval.models").values()
    assert issubclass(model, LM)


def test_the_folders_hold_our_tasks():
    (folders,) = _load("lm_eval.tasks").values()
    manager = TaskManager(include_path=folders(), include_defaults=False)
    assert {"tli_alignment_swh_Latn-eng_Latn", "tli_xquad_tur_Latn", "tli_swahili"} <= {*manager.all_tasks}
