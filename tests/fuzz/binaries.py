"""Parquet files and GGUF files: written here in the layouts in which they are found, and what reads them."""

import json
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow
from pyarrow import parquet

from tests.fuzz.target import Target
from tests.models.small_gguf import write_gguf
from tli_bench.lexicon import check, load_lexicon
from tli_bench.models import load_model


def binaries(rows: Sequence[tuple[str, str]]) -> Iterator[Target]:
    """rows: words and their translations, for word lists."""
    yield from _parquet(rows)
    if find_spec("gguf") is not None:
        # As little as there can be beside the header: it is what is to be damaged.
        ggufs = (_written(write_gguf, blocks=1, width=8), _written(write_gguf, blocks=1, width=32, quantised=True))
        yield Target("GGUF files", "small.gguf", ggufs, lambda path: load_model(str(path)), heavy=True)


def _parquet(rows: Sequence[tuple[str, str]]) -> Iterator[Target]:
    """Flat columns as Hub data sets have them, with the note of `datasets`; compressed and not; a translation as a structure."""
    splits = ["train", "dev", "control"]
    flat = pyarrow.table(
        {
            "swahili": [source for source, _ in rows],
            "english": [target for _, target in rows],
            "split": [splits[number % 3] for number in range(len(rows))],
        }
    )
    features = {name: {"dtype": "string", "_type": "Value"} for name in flat.column_names}
    noted = flat.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    nested = pyarrow.table({"id": [*range(len(rows))], "translation": [{"sw": a, "en": b} for a, b in rows]})
    lists = pyarrow.table(
        {"swahili": [[source] for source, _ in rows], "english": [[target, target] for _, target in rows]}
    )
    flats = [
        _written(_put, table=noted, compression="snappy"),
        _written(_put, table=flat, compression="none", use_dictionary=False),
        _written(_put, table=flat, compression="zstd", row_group_size=4),
        _written(_put, table=lists, compression="gzip", data_page_version="2.0"),
    ]
    yield Target("word lists", "list.parquet", tuple(flats), lambda path: check(load_lexicon(path, pair="swh-eng")))
    inside = {"source": "translation.sw", "target": "translation.en"}
    yield Target(
        "word lists", "nested.parquet", (_written(_put, table=nested, compression="snappy"),),
        lambda path: check(load_lexicon(path, pair="swh-eng", columns=inside)),
    )  # fmt: skip


def _put(path: Path, *, table: Any, **how: Any) -> None:
    parquet.write_table(table, path, **how)


def _written(write: Any, **how: Any) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        write(path, **how)
        return path.read_bytes()
