import subprocess
import sys
from pathlib import Path

import pytest

import tli_bench.measures as facade


@pytest.mark.parametrize("module", ["measures", "measures.confounds", "measures.distance", "measures.roles", "stats"])
def test_string_measures_and_statistics_never_load_torch(module: str) -> None:
    code = f"import sys, tli_bench.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_facade_name_resolves() -> None:
    for name in facade._FACADE:
        assert getattr(facade, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = facade.nothing


# Where names are listed by hand: the board's default columns, the table of published figures, and one task's own metrics.
BY_HAND = {"report/columns.py", "plugin/repro.py", "downstream/specs/bitext.py"}
NAMES = ("p1", "mrr", "gap", "mexa", "cka", "csls_p1", "auc", "mismatched")


def test_no_list_of_measures_stands_outside_the_registry() -> None:
    package = Path(facade.__file__).parents[1]
    for path in package.rglob("*.py"):
        name = path.relative_to(package).as_posix()
        if not name.startswith("measures/") and name not in BY_HAND:
            text = path.read_text(encoding="utf-8")
            found = [measure for measure in NAMES if f'"{measure}"' in text]
            assert len(found) < 3, f"{name} lists {found}; take them from list_measures(Place....)"
