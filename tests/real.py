"""Real checkpoints of one's own for tests that need them: folders in the directory that `TLI_BENCH_REAL_MODELS` names."""

import os
from pathlib import Path

import pytest


def real_model(name):
    """The folder of a real model; skips the test, saying why, where there is none."""
    root = os.environ.get("TLI_BENCH_REAL_MODELS")
    if not root:
        pytest.skip("TLI_BENCH_REAL_MODELS names no directory of real checkpoints")
    folder = Path(root) / name
    if not folder.is_dir():
        pytest.skip(f"TLI_BENCH_REAL_MODELS holds no {name}")
    return folder
