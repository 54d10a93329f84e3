"""What a third party wrote can neither fill the terminal nor steer it."""

from tli_bench.base.errors import InputError, UnknownNameError
from tli_bench.base.wording import bounded, counted_are


def test_an_error_quotes_no_control_characters_and_keeps_its_advice():
    told = str(InputError(f"no file {'x' * 100_000}\x1b[2J\u202e; give a path"))
    assert told.startswith("no file xxx")
    assert told.endswith("<U+001B>[2J<U+202E>; give a path")
    assert len(told) < 2000


def test_the_name_that_is_not_known_is_bounded_too():
    assert len(str(UnknownNameError("model", "\x1b" * 50_000, ["tiny"]))) < 15_000


def test_lines_are_kept_and_counted_beyond_forty():
    told = bounded("\n".join(map(str, range(1000))))
    assert told.splitlines()[:40] == [str(n) for n in range(40)]
    assert told.splitlines()[40:] == ["... 960 more lines"]


def test_what_is_counted_has_its_verb():
    assert [counted_are(n, "pair") for n in (0, 1, 2000)] == ["0 pairs are", "1 pair is", "2,000 pairs are"]
