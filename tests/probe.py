"""A package of measures by somebody else: a real distribution with an entry point, to put on `sys.path`."""

import sys
from pathlib import Path
from typing import Any

import pytest

SOURCE = '''
"""Two measures: one of the vectors, one that needs how many tokens the words have."""

from tli_bench.measures import Direction, Measure, Place


def measures():
    yield Measure(
        name="probe_squared", label="squared cosine", definition="Squared cosine of translations.",
        direction=Direction.UP, low=0, high=1, per_concept=lambda view: view.matched**2, places=frozenset(Place),
    )
    yield Measure(
        name="probe_tokens", label="tokens", definition="Tokens of both words together.", direction=Direction.DOWN,
        low=2, needs=frozenset({"tokens"}), per_concept=lambda view: view.fact("tokens").sum(axis=1), digits=1,
    )
'''


def write_package(folder: Path, *, source: str = SOURCE) -> Path:
    """Install the package into `folder`: a module, and the metadata that pip would write; gives the folder."""
    (folder / "probe_measures.py").write_text(source, encoding="utf-8")
    info = folder / "probe_measures-0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: probe-measures\nVersion: 0.1\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[tli_bench.measures]\nprobe = probe_measures:measures\n", encoding="utf-8")
    return folder


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, **options: str) -> None:
    """Make the package importable and its entry point known for the rest of a test."""
    monkeypatch.syspath_prepend(str(write_package(folder, **options)))
    monkeypatch.delitem(sys.modules, "probe_measures", raising=False)


def probe() -> list[Any]:
    """The package's measures, without installing it."""
    module: dict[str, Any] = {}
    exec(SOURCE, module)
    return list(module["measures"]())
