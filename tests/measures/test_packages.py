"""Measures of other packages: found by their entry point, refused in one sentence where they are broken."""

from pathlib import Path

import pytest

from tests.probe import install
from tli_bench.base.errors import InputError
from tli_bench.measures.library import built_in
from tli_bench.measures.registry import MeasureRegistry


def registry() -> MeasureRegistry:
    return MeasureRegistry(built_in())


def test_a_package_adds_its_measures_after_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch)
    names = [measure.name for measure in registry().all()]
    assert names[:-2] == [measure.name for measure in built_in()]
    assert names[-2:] == ["probe_squared", "probe_tokens"]
    assert registry().get("probe_tokens").needs == {"tokens"}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import nothing_like_it", r"'probe' of probe-measures cannot be loaded: No module named 'nothing_like_it'"),
        ("def measures(): return ['gap']", r"'probe' of probe-measures gives a str, not a Measure"),
        ("measures = 3", r"cannot be loaded: 'int' object is not callable; fix or uninstall it"),
        (
            "from tli_bench.measures import Direction, Measure\n"
            "measures = Measure(name='gap', label='x', definition='X.', direction=Direction.UP, per_concept=len)",
            r"'gap' exists already",
        ),
    ],
)
def test_a_broken_package_is_named_every_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, message: str
) -> None:
    install(tmp_path, monkeypatch, source=source)
    found = registry()
    for _ in range(2):
        with pytest.raises(InputError, match=message):
            found.get("gap")
