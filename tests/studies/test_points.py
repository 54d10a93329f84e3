"""The points of a study on disk: read as they were written, or refused by name."""

import json

import pytest

from tests.studies import cases
from tli_bench.base.errors import ResultError
from tli_bench.studies.points import Point, read_one, read_study, register, write_point


def test_a_point_that_was_edited_is_named_and_an_untouched_one_is_read(tmp_path):
    path, point = tmp_path / "k1.json", cases.study(cases.design(), 0.0).points[1]
    write_point(path, point)
    assert read_one(Point, path) == point
    data = json.loads(path.read_text())
    path.write_text(json.dumps(data | {"seconds": 1.0}))
    with pytest.raises(ResultError, match=r"k1\.json: was changed after it was written"):
        read_one(Point, path)
    data.pop("sha256")  # as points were written before they had one
    path.write_text(json.dumps(data))
    assert read_one(Point, path) == point


def test_points_without_what_was_declared_before_them_are_refused(tmp_path):
    """The design of today was taken for the one of then, so that whatever was added since counted as declared."""
    declared = cases.design()
    assert register(tmp_path, declared) == declared
    write_point(tmp_path / "points" / "p.json", cases.study(declared, 0.0).base)
    assert register(tmp_path, cases.design(question="Is this another question?")) == declared
    (tmp_path / "registered.json").unlink()
    for read in (lambda: register(tmp_path, declared), lambda: read_study(tmp_path)):
        with pytest.raises(
            ResultError, match=r"registered\.json cannot be read .* declared before .*: put it back, or begin"
        ):
            read()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"study": 1}'])
def test_what_is_not_a_point_is_named(tmp_path, text):
    path = tmp_path / "k1.json"
    path.write_text(text)
    with pytest.raises(ResultError, match=r"k1\.json cannot be read .*; delete it to have it made again"):
        read_one(Point, path)
