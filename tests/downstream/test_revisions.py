"""`tasks/revisions.yaml` names every set on the Hub that our tasks read, and a malformed entry says where."""

import re

import pytest
import yaml

import tli_bench.downstream.revisions as revisions
from tli_bench.base.paths import data_dir
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.exams import exams
from tli_bench.downstream.parallel import parallel_sets
from tli_bench.downstream.revisions import Pin, pin_of, pins
from tli_bench.downstream.sources import HubSet

PACKAGE = data_dir("tasks").parent / "tli_bench"


def test_every_set_that_is_read_has_an_entry_and_no_other_has():
    written = {ident for path in PACKAGE.rglob("*.py") for ident in re.findall(r'HubSet\("([^"]+)"', path.read_text())}
    assert len(written) > 5
    described = {one.id for one in (*parallel_sets().values(), *exams().values())}
    assert set(pins()) == written | described


def test_every_commit_says_where_it_was_read():
    for ident, pin in pins().items():
        assert (pin.commit is None) == (pin.seen is None), ident


def test_a_set_is_read_at_its_commit_or_at_its_branch(monkeypatch):
    commit = "a" * 40
    monkeypatch.setattr(revisions, "pins", lambda: {"a/b": Pin(branch="refs/convert/parquet", commit=commit)})
    pinned, other = HubSet("a/b", "kyrgyz", "test"), HubSet("c/d", "x", "test")
    assert (pinned.revision, pinned.where) == (commit, {"data_dir": "kyrgyz"})
    assert (other.revision, other.where) == ("main", {"name": "x"})
    assert pin_of("c/d") == Pin()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"commit": "51adfef"}, r"tasks/revisions.yaml: `a/b.commit`: .*, got '51adfef'"),
        ({"revision": "main"}, r"tasks/revisions.yaml: `a/b.revision`: .*got 'main'"),
        ("main", r"tasks/revisions.yaml: `a/b.*got 'main'"),
    ],
)
def test_a_malformed_entry_is_named(fields, message, monkeypatch):
    monkeypatch.setattr(revisions, "data_file", lambda name: {"a/b": fields})
    with pytest.raises(DataError, match=message):
        pins.__wrapped__()


def test_the_file_is_as_the_tool_writes_it():
    from tools.pin_sets import FILE, written

    text = FILE.read_text(encoding="utf-8")
    assert written(text, {name: Pin.model_validate(fields) for name, fields in yaml.safe_load(text).items()}) == text
