"""Few-shot examples: read from where the scored documents came from, in another split, and stated so that others can compare."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from tli_bench.downstream.sources import FIXTURES, HUB


def place_of(source: str, data_dir: str | None) -> str:
    """The folder, `hub` or `fixtures` that documents with this `source` were read from. data_dir: what was asked for."""
    return data_dir or (FIXTURES if source.startswith(f"{FIXTURES}:") else HUB)


def stated(source: str, file: str) -> str:
    """A source as it may be compared: of a folder the name of its `file`, since where the folder lies tells nobody anything."""
    return source if source.startswith((f"{FIXTURES}:", "hf:")) else file


def with_hash(source: str, documents: Sequence[dict[str, Any]]) -> str:
    """The source with the beginning of the SHA-256 of what is shown from it."""
    text = json.dumps(list(documents), sort_keys=True, ensure_ascii=True)
    return f"{source}, sha256:{hashlib.sha256(text.encode()).hexdigest()[:12]}"
