"""Where real checkpoints are kept, and a folder to work in that an interrupted run does not leave half done."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = "TLI_REAL_MODELS"
"""Environment variable: the folder that holds a folder for each real checkpoint."""


def models_root() -> Path:
    """The folder that `TLI_REAL_MODELS` names, else `tli-bench/real-models` in the user's cache; it need not exist."""
    named = os.environ.get(ROOT)
    if named:
        return Path(named).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "tli-bench" / "real-models"


@contextmanager
def scratch(target: Path) -> Iterator[Path]:
    """An empty folder next to `target`, on the same disk, removed at the end; what is renamed out of it stays.

    What an interrupted run left there is removed first, so only one process at a time may make `target`.
    """
    place = target.with_name(f".{target.name}.part")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
