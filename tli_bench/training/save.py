"""Folders that appear whole or not at all: written beside their place, flushed to disk, then renamed."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from tli_bench.errors import OutputError


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Give a temporary folder beside `target`; when the block ends without error it takes the place of `target`.

    Raises OutputError when the disk refuses; what stood at `target` is then as it was.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}.tmp-", dir=target.parent))
    except OSError as err:
        raise OutputError(f"cannot write beside {target}: {err}; choose another --output") from err
    try:
        yield work
        flush(work)
        _swap(work, target)
    except (OSError, SafetensorError) as err:
        raise OutputError(
            f"cannot write {target}: {err}; what stood there is unchanged. Free some space and run the same command"
        ) from err
    finally:
        shutil.rmtree(work, ignore_errors=True)


def flush(folder: Path) -> None:
    """Force every file below `folder`, and the folders themselves, to disk."""
    for path in [*folder.rglob("*"), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _swap(work: Path, target: Path) -> None:
    work.chmod(0o755)
    if not target.exists():
        work.rename(target)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.old-", dir=target.parent))
    target.rename(aside / target.name)
    try:
        work.rename(target)
    except OSError:
        (aside / target.name).rename(target)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
