"""A folder to work in that an interrupted run does not leave half done."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
