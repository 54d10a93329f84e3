"""Tasks of a stranger's folder are data until somebody says that their code is trusted."""

import sys

import pytest
from lm_eval.tasks._yaml_loader import load_yaml

from tests.command import tli_bench
from tli_bench.base.errors import InputError
from tli_bench.base.paths import data_dir
from tli_bench.plugin.task_code import code_of, require_trusted

LEFT = "import pathlib\npathlib.Path(__file__).with_name('it_ran').touch()\n\n\ndef docs(found):\n    return found\n"


@pytest.fixture
def folder(tmp_path):
    """A folder of one task, whose function stands next to it."""
    (tmp_path / "utils.py").write_text(LEFT)
    (tmp_path / "mine.yaml").write_text("task: mine\ndataset_path: json\nprocess_docs: !function utils.docs\n")
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [["--include_path", "{}"], ["--include_path={}"], ["--incl", "{}"], ["--tasks", "{}/mine.yaml"], ["--tasks", "tli_turkic,{}/*.yaml"],
     ["-t", "{}"], ["--config", "{}/run.yml"]],
    ids=" ".join,
)  # fmt: skip
def test_a_function_next_to_its_task_is_refused_by_name_and_not_run(folder, arguments):
    (folder / "run.yml").write_text(f"model: tli\ninclude_path: [{folder}]\n")
    message = tli_bench("lm-eval", "run", "--model", "tli", *(part.format(folder) for part in arguments), code=2)
    assert f"{folder}/mine.yaml names the function 'utils.docs', which is not of an installed package" in message
    assert "give --trust-tasks if you trust it" in message
    assert not (folder / "it_ran").exists()


def test_what_is_refused_would_indeed_have_been_run(folder):
    """The negative control: lm-eval's own reader runs it."""
    load_yaml(folder / "mine.yaml")
    sys.modules.pop(str(folder / "utils"), None)
    assert (folder / "it_ran").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("task: a\ndoc_to_text: \"{{ ''.__class__.__mro__ }}\"", "template that reaches for Python's own attributes"),
        ("task: a\ndoc_to_text: \"{{ x | attr('y') }}\"", "template that reaches"),
        ("task: a\nlist:\n  - {deep: [!function os.system]}", "names the function 'os.system'"),
        ("task: a\nmetadata: {spec: 'beside:Class'}", "names the class 'beside:Class'"),
        ("task: a\nprocess: !function nowhere.f", "names the function 'nowhere.f'"),
        ("task: a\nprocess: !function f", "names the function 'f'"),
        ("task: a\nclass: !function tli_bench.plugin.tasks.AlignmentTask", ""),
        ("task: a\nmetadata: {spec: 'tli_bench.downstream.specs.xquad:SPEC'}", ""),
        ('task: a\ndoc_to_text: "{{question}} {% if choices %}__{% endif %}"', ""),
        ("task: a\ndoc_to_text: snake__case outside of a template", ""),
        ("task: [", "cannot be read as YAML"),
    ],
    ids=lambda value: value[-30:],
)
def test_what_would_run_and_what_would_not(tmp_path, text, said):
    (tmp_path / "beside.py").write_text("class Class: ...\n")
    (tmp_path / "a.yaml").write_text(text + "\n")
    found = list(code_of(tmp_path / "a.yaml"))
    assert bool(found) == bool(said), found
    assert all(said in what for what in found)


def test_a_file_that_is_included_is_looked_at_wherever_it_lies(folder, tmp_path_factory):
    harmless = tmp_path_factory.mktemp("harmless")
    (harmless / "a.yaml").write_text(f"task: a\ninclude: {folder}/mine.yaml\n")
    with pytest.raises(InputError, match=r"mine\.yaml names the function"):
        require_trusted(["--include_path", str(harmless)])


def test_our_own_tasks_and_those_of_installed_packages_need_no_trust(tmp_path, monkeypatch):
    monkeypatch.chdir(data_dir("tasks").parent)
    require_trusted(["--include_path", str(data_dir("tasks"))])
    (tmp_path / "a.yaml").write_text(
        "task: a\nclass: !function tli_bench.plugin.downstream_tasks.AnswerTask\nmetadata: {spec: echo}\n"
    )
    require_trusted(["--include_path", str(tmp_path), "--tasks", "a,hellaswag", "--model", "tli"])
