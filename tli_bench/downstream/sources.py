"""Where a task's data come from: a folder that was named, the Hub, or the small fixtures of the project."""

import logging
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from tli_bench.base.paths import data_dir
from tli_bench.downstream.errors import DataError

log = logging.getLogger(__name__)
T = TypeVar("T")
FIXTURES, HUB = "fixtures", "hub"
CONVERTED = "refs/convert/parquet"
"""The branch that the Hub writes by itself: `<config>/<split>/NNNN.parquet`, and no README that names the configurations."""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HubSet:
    """A data set on the Hub. revision: a commit, or a branch; script-based sets are read from their parquet branch."""

    id: str
    config: str
    split: str
    revision: str = "main"

    @property
    def name(self) -> str:
        """How the set is named before it is read."""
        return f"hf:{self.id}/{self.config}/{self.split}@{self.revision}"

    @property
    def where(self) -> dict[str, str]:
        """How `load_dataset` finds the configuration: by its name, or as a folder on the Hub's own branch."""
        return {"data_dir" if self.revision == CONVERTED else "name": self.config}


@dataclass(frozen=True, slots=True)
class Loaded(Generic[T]):
    """Documents and where they came from (`hf:...`, a folder, or `fixtures:...`, which are never a benchmark)."""

    items: list[T]
    source: str


def folder_of(chosen: str | None) -> Path | None:
    """The folder that `data_dir` names; None where it names the Hub, the fixtures or nothing."""
    return None if chosen in (None, HUB, FIXTURES) else Path(os.path.expanduser(str(chosen)))


def load(
    *,
    chosen: str | None,
    task: str,
    files: Sequence[str],
    read: Callable[[Path], list[T]],
    hub: HubSet,
    of_row: Callable[[Row, str, int], T],
) -> Loaded[T]:
    """Documents from `chosen`: a folder, `hub`, `fixtures`, or None for the Hub, or the fixtures when it is off.

    task: folder under `tasks/` with `fixtures`. files: names tried in the folder, in order, and then in its sub-folder with the
    set's name (`xlsum` of `csebuetnlp/xlsum`), so that one folder can hold several sets. The Hub is off when
    `HF_HUB_OFFLINE` is set and the set is not in its cache; a warning then says that fixtures are used instead, and the source
    goes into every result. Raises DataError naming the folder and the names tried, or the set and the next step.
    """
    if folder := folder_of(chosen):
        name = hub.id.rpartition("/")[2]
        return Loaded(read(find_file(folder, [*files, *(f"{name}/{file}" for file in files)])), str(folder))
    if chosen == HUB or (chosen is None and at_hand(hub)):
        rows = hub_rows(hub)
        return Loaded([of_row(row, rows.source, number) for number, row in enumerate(rows.items)], rows.source)
    if chosen is None:
        log.warning("%s is not at hand and the Hub is off: %s runs on the project's fixtures", hub.name, task)
    path = find_file(data_dir("tasks") / task / FIXTURES, files)
    return Loaded(read(path), f"{FIXTURES}:{task}/{path.name}")


def find_file(folder: Path, names: Iterable[str]) -> Path:
    """The first of `names` that is a file in `folder`; raises DataError naming the folder and what it should hold."""
    tried = list(names)
    if not folder.is_dir():
        raise DataError(f"data folder {folder} does not exist; give a folder that holds {tried[0]}")
    for name in tried:
        if (folder / name).is_file():
            return folder / name
    raise DataError(
        f"data folder {folder} does not hold any of {', '.join(tried)}; give a folder in the official layout"
    )


def at_hand(hub: HubSet) -> bool:
    """Whether a set can be read: the Hub is on, or the set is in the local cache."""
    return not _offline() or _read(hub) is not None


def hub_rows(hub: HubSet) -> Loaded[Row]:
    """The rows of a set, and its name with the commit that was read; a branch is named too, as `(unpinned: main)`.

    Raises DataError with the next step when the set cannot be read, or when the cache does not hold the pinned commit.
    """
    read = _read(hub)
    if read is None:
        raise DataError(
            f"{hub.name} is not in the local cache and the Hub is switched off (HF_HUB_OFFLINE); "
            "run once with the Hub on, or give a folder with data_dir"
        )
    rows, commit = read
    pinned = re.fullmatch("[0-9a-f]{40}", hub.revision)
    if pinned and _offline() and commit != hub.revision:
        raise DataError(
            f"{hub.name}: the local cache holds commit {commit}; run once with the Hub on (HF_HUB_OFFLINE unset)"
        )
    mark = hub.revision if pinned else f"{commit} (unpinned: {hub.revision})"
    return Loaded(list(rows), f"hf:{hub.id}/{hub.config}/{hub.split}@{mark}")


def _offline() -> bool:
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


def _read(hub: HubSet) -> tuple[Any, str] | None:
    """The `datasets.Dataset` and its commit; None when the Hub is off and the set is not cached."""
    from datasets import load_dataset

    try:
        if hub.revision == CONVERTED and _offline():
            kept = _kept(hub)
            return load_dataset(str(kept), split=hub.split, **hub.where), kept.name
        rows = load_dataset(hub.id, split=hub.split, revision=hub.revision, **hub.where)
        return rows, _commit(rows)
    except Exception as err:  # `datasets` raises many types; online, each of them is an error of the data
        if _offline():
            return None
        raise DataError(f"{hub.name} cannot be loaded: {_why(err)}") from err


def _kept(hub: HubSet) -> Path:
    """The folder of files, named after their commit, that the Hub's own cache has of a set.

    `datasets` keeps a configuration that was read by `data_dir` under a hash of its files, which it cannot find again when the Hub is off.
    """
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(hub.id, repo_type="dataset", revision=hub.revision, local_files_only=True))


def _why(err: Exception) -> str:
    said = f"{type(err).__name__}: {str(err)[:200]}"
    if "gated" in said.lower():
        return f"it is gated; accept its terms on the Hub, run `hf auth login`, and try again ({said})"
    return f"{said}; give a folder with data_dir, or data_dir=fixtures to try the task out"


def _commit(rows: Any) -> str:
    """The commit that `datasets` keeps a set of plain files under; offline it takes the latest one, whatever was asked for."""
    for file in rows.cache_files:
        found = re.search(r"[/\\]([0-9a-f]{40})[/\\][^/\\]*$", str(file["filename"]))
        if found:
            return found[1]
    return "unknown"
