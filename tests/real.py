"""Real pretrained checkpoints for tests marked `real`: the folders that `make real-models` makes, or your own of the same names."""

import pytest

from tli_bench.models.packaged import models_root


def real_model(name):
    """The folder of a real model; skips the test, saying why, where there is none."""
    folder = models_root() / name
    if not folder.is_dir():
        pytest.skip(
            f"there is no {name} in {models_root()}: `make real-models` fetches it, TLI_REAL_MODELS names another folder"
        )
    return folder
