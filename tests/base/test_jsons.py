"""JSON that anyone may have written: one sentence for whatever is wrong with it."""

import json
import os

import pytest

from tli_bench.base.jsons import MAX_DEPTH, JSONError, parse_json, read_json


def nested(depth):
    return "[" * depth + "]" * depth


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"x": ' + "9" * 5000 + "}", "a number of 5,000 digits (999999999999...); at most 18 are read"),
        ('{"x": -' + "9" * 19 + "}", "a number of 19 digits"),
        (r'["maji\ud800"]', "the lone surrogate U+D800"),
        (r'{"\udfff": 1}', "the lone surrogate U+DFFF"),
        (nested(MAX_DEPTH + 2), "nested deeper than 100"),
        (nested(100_000), "nested deeper than 100"),
        ('{"a": ' * 100_000, "nested deeper than 100"),
        ('\n\n{"a" 1}', "line 3: not JSON: Expecting ':' delimiter"),
        (b'{"a":\n"\xff"}', "line 2: byte 0xff is not UTF-8"),
        (b"\xed\xa0\x80", "byte 0xed is not UTF-8"),
        ("", "not JSON"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_wrong_is_one_sentence(text, message):
    with pytest.raises(JSONError) as error:
        parse_json(text)
    assert message in str(error.value)
    assert len(str(error.value)) < 200


def test_everything_else_is_read_as_it_stands():
    data = {"a": [1, -2.5, None, True, "maji \U0001f4a7"], "b": {"long": "9" * 5000, "most": 10**18 - 1, "e": 1e300}}
    assert parse_json(json.dumps(data)) == data
    assert parse_json(json.dumps(data, ensure_ascii=False).encode("utf-8-sig")) == data
    assert parse_json(nested(MAX_DEPTH)) == json.loads(nested(MAX_DEPTH))


def test_a_pipe_is_refused_before_anybody_waits_for_it(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(ValueError, match="a pipe or a device, not a file"):
        read_json(tmp_path / "pipe.json")


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    (tmp_path / "large.json").write_text("[" + "1," * 100 + "1]")
    assert len(read_json(tmp_path / "large.json")) == 101
    with pytest.raises(ValueError, match="larger than 100 bytes"):
        read_json(tmp_path / "large.json", most=100)
