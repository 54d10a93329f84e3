"""A machine without a home, and the home of nobody: nothing of it is a traceback."""

import pytest

from tests.command import tli_bench
from tli_bench.base import paths
from tli_bench.base.paths import cache_dir, expanded


@pytest.fixture
def homeless(monkeypatch, tmp_path):
    """No HOME, and a user that the system has no entry for, as in many containers."""
    import pwd

    def unknown(_):
        raise KeyError

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.chdir(tmp_path)


def test_without_a_home_the_cache_is_here(homeless):
    assert not expanded("~/x").is_absolute()
    assert cache_dir() == paths.Path(".cache/tli-bench")


def test_the_home_of_nobody_is_not_found_and_says_so(monkeypatch):
    told = tli_bench("run", "--model", "~nobody-of-this-name/model", "--output", "/nowhere", code=2)
    assert "no model folder at '~nobody-of-this-name/model'" in told


def test_a_name_that_is_no_model_is_told_without_a_home(homeless, monkeypatch):
    monkeypatch.delenv("TLI_REAL_MODELS", raising=False)
    assert "unknown model 'tinny'; did you mean 'tiny'?" in tli_bench("run", "--model", "tinny", code=2)


def test_the_cache_is_where_the_system_says(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_dir() == tmp_path / "tli-bench"
