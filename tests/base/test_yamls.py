"""YAML that anyone may have written: one sentence with the line for whatever is wrong with it, and no bombs."""

import datetime
import time

import pytest

from tli_bench.base.errors import InputError
from tli_bench.base.yamls import MAX_DEPTH, parse_yaml, read_yaml

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a: 1\nrank: 2001-99-99",
            "line 2: '2001-99-99' cannot be read as timestamp; put it in quotes if it is a text",
        ),
        ("rank: 2001-02-30T99:99:99Z", "cannot be read as timestamp"),
        ("rank: !!timestamp x", "'x' cannot be read as timestamp"),
        ("rank: !!int ''", "cannot be read as int"),
        ("rank: !!float x", "cannot be read as float"),
        ("rank: " + "9" * 5000, "cannot be read as int"),
        ("rank: " + "9" * 20, "'99999999999999999999' is beyond 64 bits"),
        ("rank: 0b" + "1" * 20_000, "is beyond 64 bits"),
        ("rank: 0x" + "f" * 20_000, "is beyond 64 bits"),
        ("rank: " + "1:" * 3000 + "1", "is beyond 64 bits"),
        ("rank: " + "[" * 5000, "nested deeper than 50"),
        ("rank: " + "{a: " * 5000, "nested deeper than 50"),
        ("\n".join(" " * n + "a:" for n in range(200)), "nested deeper than 50"),
        ("rank: &a [*a]", "the alias 'a' stands inside what it names"),
        (LAUGHS, "more than 200,000 values once its aliases are spelt out"),
        ("rank: !!python/object/apply:os.system [ls]", "could not determine a constructor for the tag"),
        ("rank: *b", "undefined alias"),
        ("{[a]: 1}", "unhashable"),
        ("a: b: c", "line 1: mapping values are not allowed"),
        ("a: \x07", "control characters are not allowed"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_is_wrong_is_one_sentence(text, message):
    started = time.process_time()
    with pytest.raises(ValueError) as error:
        parse_yaml(text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 250
    assert time.process_time() - started < 2


def test_everything_else_is_read_as_it_stands():
    assert parse_yaml("a: &x [1, 2]\nb: *x\nc: 2001-09-09\nd: 0x1f\ne: 9223372036854775807") == {
        "a": [1, 2],
        "b": [1, 2],
        "c": datetime.date(2001, 9, 9),
        "d": 31,
        "e": 2**63 - 1,
    }
    deep = parse_yaml("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    for _ in range(MAX_DEPTH - 1):
        (deep,) = deep
    assert deep == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"- a", "holds a list, not a mapping of names to values"),
        (b"1: a", "the name 1 is a int, not a text; put it in quotes"),
        (b"~: a", "the name None is a NoneType"),
        (b"a: \xff", "can't decode byte 0xff"),
        (b"#" * (2 << 20), "larger than 1,048,576 bytes"),
    ],
    ids=lambda value: repr(value)[:12],
)
def test_a_file_of_names_and_values_is_refused_by_name(tmp_path, content, message):
    path = tmp_path / "wrong.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        read_yaml(path)
    assert str(path) in str(error.value)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "line", "name"),
    [("a: 1\nb: 2\na: 3\n", 3, "a"), ("x: {b: 1, b: 1}\n", 1, "b"), ("- {1: x, 1: y}\n", 1, "1")],
)
def test_a_name_that_stands_twice_is_refused_with_its_line(text, line, name):
    """YAML keeps the last value, so that an option in the middle of a long file was dropped without a word."""
    with pytest.raises(ValueError, match=f"line {line}: '{name}' stands twice; leave one of them out"):
        parse_yaml(text)


def test_the_same_name_in_two_mappings_and_as_another_kind_is_fine():
    assert parse_yaml("a: {b: 1}\nc: {b: 2}\n'1': x\n1: y\n") == {"a": {"b": 1}, "c": {"b": 2}, "1": "x", 1: "y"}
    assert parse_yaml("base: &base {b: 1}\nc: {<<: *base, b: 2}\n")["c"] == {"b": 2}


def test_an_empty_file_is_said_to_be_empty(tmp_path):
    (tmp_path / "c.yaml").write_text("# nothing\n")
    with pytest.raises(InputError, match=r"c\.yaml is empty; write one NAME: VALUE per line"):
        read_yaml(tmp_path / "c.yaml")
