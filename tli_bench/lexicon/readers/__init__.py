"""Readers of other people's word lists in one table, and the choice among them."""

import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from tli_bench.base.errors import LexiconError
from tli_bench.base.paths import expanded
from tli_bench.lexicon.readers.base import RawPair, Reader, Request
from tli_bench.lexicon.readers.wiktionary import is_extract

# Format -> module and function; imported when first used, since some need heavy packages.
READERS = {
    "delimited": "delimited:read_delimited",
    "muse": "muse:read_muse",
    "json": "pairs_json:read_pairs_json",
    "cldf": "cldf:read_cldf",
    "freedict": "freedict:read_freedict",
    "panlex": "panlex:read_panlex",
    "omw": "omw:read_omw",
    "apertium": "apertium:read_apertium",
    "wiktionary": "wiktionary:read_wiktionary",
    "parquet": "parquet:read_parquet",
}
_BY_SUFFIX = {
    ".tsv": "delimited",
    ".csv": "delimited",
    ".txt": "muse",
    ".dict": "muse",
    ".json": "json",
    ".jsonl": "json",
    ".tei": "freedict",
    ".xml": "freedict",
    ".dix": "apertium",
    ".tab": "omw",
    ".parquet": "parquet",
}


def open_source(source: str | Path, request: Request) -> Iterator[RawPair]:
    """The rows of `source`: a file or folder whose format is told by its name and content, or a Hub data set.

    With `swap` the two sides of every row are exchanged. Raises LexiconError naming what was tried.
    """
    rows = _rows(source, request)
    return (row.exchanged() for row in rows) if request.reading.swap else rows


def _rows(source: str | Path, request: Request) -> Iterator[RawPair]:
    text = str(source)
    path = expanded(text)
    if text.startswith("hf:"):
        return _hub(text.removeprefix("hf:"), request)
    if os.path.exists(path):
        return _reader(_format(path))(path, request)
    if isinstance(source, str) and text.count("/") == 1 and not text.startswith((".", "~", "/")):
        return _hub(text, request)
    raise LexiconError(
        f"no lexicon {text!r}: it is not 'core', there is no file or folder of that name, and it is not the id of a Hub data set; "
        "give a path, 'hf:OWNER/NAME' or 'core'"
    )


def _format(path: Path) -> str:
    if os.path.isdir(path):
        for parent in (path, path / "cldf"):
            if any(parent.glob("*-metadata.json")):
                return "cldf"
        if any(path.glob("???-???.txt")):
            return "panlex"
        if next(path.rglob("*.tab"), None) is not None:
            return "omw"
        raise LexiconError(
            f"{path}: this folder is neither a CLDF data set (no *-metadata.json) nor PanLex lists (no files like swh-000.txt) "
            "nor wordnets (no *.tab)"
        )
    if path.name.endswith("-metadata.json"):
        return "cldf"
    kind = _BY_SUFFIX.get(path.suffix.lower())
    if kind is None:
        raise LexiconError(f"{path}: no reader for {path.suffix!r}; known: {', '.join(_BY_SUFFIX)}")
    if kind == "json" and is_extract(path):
        return "wiktionary"
    return kind


def _reader(kind: str) -> Reader:
    module, _, function = READERS[kind].partition(":")
    reader: Reader = getattr(import_module(f"{__name__}.{module}"), function)
    return reader


def _hub(name: str, request: Request) -> Iterator[RawPair]:
    from tli_bench.lexicon.readers.hub import read_hub

    return read_hub(name, request)
