"""Seeded damage to bytes that were valid: what disks, editors, transfers and enemies do to files."""

import json
import random
from collections.abc import Callable
from typing import Any

# What parsers trip over: numbers, nesting, half characters, quotes, marks, entities, tags, paths, things that look like others.
TOKENS: tuple[bytes, ...] = (
    b"\0", b"\r", b"\n", b"\t", b'"', b"'", b"\\", b",", b";", b"|", b"#", b":", b"- ", b"{", b"}", b"[", b"]", b"<", b">", b"&", b"*",
    b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\\ud800", b"\\udfff", b"\x1b[2J", "\u202e".encode(), "\u2028".encode(),
    b"9" * 25, b"9" * 5000, b"-1", b"1e999", b"NaN", b"-Infinity", b"null", b"true", b"0x" + b"f" * 40, b"2001-99-99", b"1:" * 30, b".5",
    b"[" * 200, b"{" * 200, b'{"a":' * 200, b"a: " * 80, b"&a [*a]", b"!!python/object/apply:os.system [ls]", b"!!int ''", b"? ", b"~",
    b"<!ENTITY a 'b'>", b"&a;", b'<?xml version="1.0" encoding="big5"?>', b'encoding="utf-7"', b"<![CDATA[", b"--", b"x" * 140_000, b"../",
    b"/", b"source", b"target", b"swahili", b"english", b"concept", b"split", b"control", b"schema_version", b"sha256", b"word", b" " * 300,
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**17, -(10**17), 0.5, -0.0, 1e300, 5e-324, "", " ", "x", "\0", "a" * 300, "\u202e", "../x",
    "2001-99-99", "9" * 30, [], {}, [[]], [None], {"": ""}, {"a": {"a": {"a": None}}}, [1, "1"],
)  # fmt: skip


def mutated(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """`content` after one to four changes; others: what pieces may be taken from."""
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        content = rng.choice(_CHANGES)(content, others, rng)
    return content


def _flip(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8))):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    return content[: rng.randint(0, len(content))]


def _drop(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    start, end = _span(content, rng)
    return content[:start] + content[end:]


def _repeat(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    start, end = _span(content, rng)
    return content[:end] + content[start:end] * rng.choice((1, 1, 2, 50)) + content[end:]


def _swap(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    lines = content.split(b"\n")
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _splice(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    other = rng.choice(others)
    start, end = _span(other, rng)
    place = rng.randint(0, len(content))
    return content[:place] + other[start:end] + content[place:]


def _insert(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    place = rng.randint(0, len(content))
    return content[:place] + rng.choice(TOKENS) + content[place:]


def _replace(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    start, end = _span(content, rng)
    return content[:start] + rng.choice(TOKENS) + content[end:]


def _value(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Another value somewhere in JSON, or in one line of it; what is not JSON is damaged in another way."""
    head, line, tail = b"", content, b""
    if b"\n" in content.strip():
        lines = content.split(b"\n")
        place = rng.randrange(len(lines))
        head, line, tail = b"\n".join([*lines[:place], b""]), lines[place], b"\n".join([b"", *lines[place + 1 :]])
    for before, text, after in ((b"", content, b""), (head, line, tail)):
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            continue
        return before + json.dumps(_changed(data, rng)).encode() + after
    return _replace(content, others, rng)


def _changed(data: Any, rng: random.Random) -> Any:
    if isinstance(data, dict) and data and rng.random() < 0.85:
        key = rng.choice(list(data))
        action = rng.random()
        if action < 0.1:
            return {name: value for name, value in data.items() if name != key}
        if action < 0.15:
            return {**data, str(rng.choice(VALUES)): rng.choice(VALUES)}
        return {**data, key: _changed(data[key], rng)}
    if isinstance(data, list) and data and rng.random() < 0.85:
        place = rng.randrange(len(data))
        return [*data[:place], _changed(data[place], rng), *data[place + 1 :]]
    return rng.choice(VALUES)


def _span(content: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randint(0, len(content))
    return start, min(len(content), start + rng.choice((1, 2, 4, 16, 64, 256)))


_CHANGES: tuple[Callable[[bytes, list[bytes], random.Random], bytes], ...] = (
    _flip, _cut, _drop, _repeat, _swap, _splice, _insert, _insert, _replace, _replace, _value, _value, _value,
)  # fmt: skip
