"""Where a training writes: its output, held by one process, and the checkpoints next to it, which the same command goes on from."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from tli_bench.base.errors import InputError, OutputError, reason_of
from tli_bench.base.files import remove_folder, write_text
from tli_bench.base.jsons import read_json
from tli_bench.base.launched import rank
from tli_bench.base.locks import replacing
from tli_bench.training.save import put_back
from tli_bench.training.trainer import COMPLETE, last_checkpoint

RUN = "run.json"


@contextmanager
def claimed(target: Path) -> Iterator[None]:
    """Hold the lock of what is trained, in the process that writes it, and put back what a kill caught in the middle of being replaced.

    Raises InUseError, and OutputError for a place that cannot be written or that holds anything but an earlier result of ours.
    """
    with replacing(target, "train") if is_main_process() else nullcontext():
        if is_main_process():
            put_back(target)
        _check_output(target)
        yield


def _check_output(target: Path) -> None:
    """Refuse to replace a folder that is not an earlier result of ours."""
    if target.is_dir() and any(target.iterdir()) and not (target / "tli_card.json").is_file():
        raise OutputError(f"{target} exists and is not a trained adapter of tli-bench; choose another --output")
    if target.exists() and not target.is_dir():
        raise OutputError(f"{target} is a file; --output must be a folder")


@contextmanager
def checkpoints(target: Path, fingerprint: dict[str, Any], *, restart: bool) -> Iterator[tuple[Path, Path | None]]:
    """The folder of checkpoints next to `target`, and the one to continue from; removed once nothing needs it."""
    work = _work_of(target)
    resume = _open_run(target, work, fingerprint, restart=restart)
    done = False
    try:
        yield work, resume
        done = True
    finally:
        if done or last_checkpoint(work) is None:
            drop_checkpoints(target)


def drop_checkpoints(target: Path) -> None:
    """Remove the checkpoints next to `target`, which is finished or was never begun."""
    if is_main_process():
        remove_folder(_work_of(target), beside=target.name)


def _work_of(target: Path) -> Path:
    return target.parent / f".{target.name}.checkpoints"


def _open_run(target: Path, work: Path, fingerprint: dict[str, Any], *, restart: bool) -> Path | None:
    """The checkpoint to continue from, or None to start; raises InputError if the folder belongs to another run."""
    note = work / RUN
    found = None if restart or not note.is_file() else last_checkpoint(work)
    if found is None:
        # A run that stopped before its first checkpoint left nothing to keep, so any recipe may start here.
        if is_main_process():
            remove_folder(work, beside=target.name)
            write_text(note, json.dumps(fingerprint))
        return None
    try:
        known = read_json(note)
    except (OSError, ValueError) as err:
        raise InputError(f"{note} cannot be read ({reason_of(err)}); pass --restart to start again") from err
    known = known if isinstance(known, dict) else {}
    differing = [key for key in fingerprint if known.get(key) != fingerprint[key]]
    if differing:
        raise InputError(
            f"{work} holds checkpoints of an interrupted run with another {', '.join(differing)}; "
            "pass --restart to discard them, or choose another --output"
        )
    for path in work.glob("checkpoint-*") if is_main_process() else ():
        if not (path / COMPLETE).is_file():
            shutil.rmtree(path, ignore_errors=True)
    return found


def is_main_process() -> bool:
    """Whether this process is the one that writes: the only one, or rank 0 under torchrun."""
    return rank() == 0
