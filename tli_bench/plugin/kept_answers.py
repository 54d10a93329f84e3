"""Answers of a task in progress, on disk: what was answered before a run was stopped is not asked again."""

import hashlib
import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

from lm_eval.api.model import CacheHook, CachingLM

from tli_bench.base.errors import OutputError
from tli_bench.base.versions import package_versions
from tli_bench.models.identity import State
from tli_bench.plugin.answer_cache import answers_digest
from tli_bench.plugin.asking import Asked
from tli_bench.records.names import safe_name

FOLDER = ".answers"
"""Under a run's output folder; gone once every task that was begun is finished."""


@contextmanager
def keeping(lm: Asked, root: Path | None, task: str, state: State) -> Iterator[Any]:
    """The model as lm-eval is to ask it for one state of a task: its texts and log-likelihoods are kept under `root` as they come.

    They are kept by lm-eval's own cache, in a file of their own for each task, model, adapter, state and set of package
    versions. A prompt that had to be cut is asked again. root: None keeps nothing. Raises OutputError where they cannot be kept.
    """
    if root is None:
        yield lm
        return
    file = root / FOLDER / f"{safe_name(task)}.{state}.{_digest(lm)}.sqlite"
    # What it logs is raised, too.
    logging.getLogger("sqlitedict").setLevel(logging.CRITICAL)
    _drop_damaged(file)
    try:
        caching = cast(Any, CachingLM)(lm, str(file))
        # What a process has written survives its death; only a dying machine needs the disk to be waited for, at every answer.
        caching.dbdict.conn.execute("PRAGMA synchronous=OFF")
        try:
            yield caching
        finally:
            lm.set_cache_hook(CacheHook(None))
            caching.dbdict.close()
    except sqlite3.Error as err:
        raise OutputError(
            f"cannot keep answers in {file}: {err}; make room if the disk is full, else delete the file, and run the command again"
        ) from err


def _drop_damaged(file: Path) -> None:
    """Delete what is no database, such as a file that a dying machine left: its answers are asked again."""
    if not file.is_file():
        return
    try:
        with closing(sqlite3.connect(file)) as there:
            there.execute("SELECT name FROM sqlite_master").fetchall()
    except sqlite3.OperationalError:
        return  # it is in use, or cannot be read: whoever opens it next says so
    except sqlite3.DatabaseError:
        file.unlink()


def _digest(lm: Asked) -> str:
    facts = [answers_digest(lm.identity), package_versions()]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def forget_answers(root: Path, task: str, *, of: Asked | None = None) -> None:
    """Delete the answers that are kept of a task, once its record is written. of: those of one model alone."""
    folder = root / FOLDER
    for path in folder.glob(f"{safe_name(task)}.*.{_digest(of) if of else '*'}.sqlite*"):
        path.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
