"""The figures of docs/explanation/reliability.md: what was tried, how often it was survived, and how far numbers moved."""

import json
from pathlib import Path
from typing import Any

from tli_bench.base.files import write_json

FIGURES = Path(__file__).parent / "figures.json"
MOVED = Path(__file__).parent / "determinism.json"
"""`bounds`, and `found`: what moved, by how much, in which way of computing it; `benchmarks.reliability.determinism` writes it."""


def read_figures() -> dict[str, dict[str, Any]]:
    """By key of a fault: `fault` in words, `tries`, `survived` and the `command` that counts them."""
    return dict(json.loads(FIGURES.read_text(encoding="utf-8"))) if FIGURES.is_file() else {}


def write_figure(key: str, *, fault: str, tries: int, survived: int, command: str, **more: Any) -> None:
    """Put one fault's figures into the file; those of others stay."""
    figure = {"fault": fault, "tries": tries, "survived": survived, "command": command, **more}
    write_json(FIGURES, dict(sorted((read_figures() | {key: figure}).items())))
