import subprocess
import sys

import pytest

import tli_bench.measures as facade


@pytest.mark.parametrize("module", ["measures", "measures.confounds", "measures.distance", "measures.verdict", "stats"])
def test_string_measures_and_statistics_never_load_torch(module: str) -> None:
    code = f"import sys, tli_bench.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_facade_name_resolves() -> None:
    for name in facade._FACADE:
        assert getattr(facade, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = facade.nothing
