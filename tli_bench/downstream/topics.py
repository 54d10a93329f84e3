"""SIB-200's sentences and their topics, from its own files or the Hub."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tli_bench.downstream.errors import DataError
from tli_bench.downstream.prompts import prompts
from tli_bench.downstream.readers import read_text, text_in
from tli_bench.downstream.sources import HubSet, Loaded, load

FILES = {"train": "train", "validation": "dev", "test": "test"}
"""What a split of the Hub is called among the files."""


class Topical(NamedTuple):
    """A sentence of FLORES and its topic."""

    text: str
    topic: str


def topics() -> list[str]:
    """The set's names of the topics."""
    return list(prompts("sib200")["topics"])


def read_sib200(called: str, split: str, chosen: str | None) -> Loaded[Topical]:
    """A split (`train`, `validation`, `test`) of `Davlan/sib200`, or of a folder with `<language>/<split>.tsv`; called: the set's
    name of the language. Raises DataError naming file or row.
    """
    return load(
        chosen=chosen,
        task="sib200",
        files=(f"{called}/{FILES[split]}.tsv",),
        read=_read,
        hub=HubSet("Davlan/sib200", called, split),
        of_row=lambda row, source, number: _topical(row, f"{source}: row {number}"),
    )


def _read(path: Path) -> list[Topical]:
    text = read_text(path)
    # Written by pandas: a text that holds quotes is itself in quotes.
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t")
    found = [_topical(row, f"{path}: line {number}") for number, row in enumerate(rows, start=2)]
    if not found:
        raise DataError(f"{path}: no rows; the columns index_id, category and text are expected")
    return found


def _topical(row: Mapping[str, Any], where: str) -> Topical:
    text, category, known = text_in(row, "text", where).strip(), row.get("category"), topics()
    if category not in known:
        raise DataError(f"{where}: `category` must be one of {', '.join(known)}, got {category!r:.60}")
    return Topical(text, str(category))
