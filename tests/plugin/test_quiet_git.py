"""git is asked where there is a repository, and its complaint that there is none is not heard."""

import subprocess

import pytest
from lm_eval import evaluator

from tli_bench.plugin.quiet_git import asking_git_only_where_it_is


@pytest.fixture
def outside(tmp_path, monkeypatch):
    monkeypatch.delenv("GIT_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nothing_is_said_outside_of_a_repository(outside, capfd):
    asked = evaluator.get_git_commit_hash
    assert asked() is None
    assert "not a git repository" in capfd.readouterr().err, "lm-eval no longer asks in the way that this is for"
    with asking_git_only_where_it_is():
        assert evaluator.get_git_commit_hash() is None
    assert capfd.readouterr().err == ""
    assert evaluator.get_git_commit_hash is asked


def test_in_a_repository_it_is_asked_and_heard(outside, capfd):
    subprocess.run(["git", "init", "--quiet", "."], check=True)
    with asking_git_only_where_it_is():
        evaluator.get_git_commit_hash()
    assert capfd.readouterr().err.startswith("fatal: "), "there is no commit yet, and that is git's to say"
