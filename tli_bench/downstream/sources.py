"""Where a task's data come from: a folder that was named, the Hub, or the small fixtures of the project."""

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from tli_bench.base.paths import data_dir, expanded
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.revisions import pin_of
from tli_bench.models.hub import is_offline

log = logging.getLogger(__name__)
T = TypeVar("T")
FIXTURES, HUB = "fixtures", "hub"
CONVERTED = "refs/convert/parquet"
"""The branch that the Hub writes by itself: `<config>/<split>/NNNN.parquet`, and no README that names the configurations."""
UNKNOWN = "unknown"
"""In place of a commit that cannot be told."""
OTHER_NAMES = {"validation": "dev"}
"""What a set may call a split instead: Universal Dependencies has `dev`."""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HubSet:
    """A data set on the Hub, read at the commit or branch that `tasks/revisions.yaml` names; script-based sets at their parquet branch."""

    id: str
    config: str
    split: str

    @property
    def revision(self) -> str:
        """The commit, or the branch where none is pinned."""
        pin = pin_of(self.id)
        return pin.commit or pin.branch

    @property
    def short_name(self) -> str:
        """The name without its owner's."""
        return self.id.rpartition("/")[2]

    @property
    def name(self) -> str:
        """How the set is named before it is read."""
        return f"hf:{self.id}/{self.config}/{self.split}@{self.revision}"

    @property
    def where(self) -> dict[str, str]:
        """How `load_dataset` finds the configuration: by its name, or as a folder on the Hub's own branch."""
        return {"data_dir" if self.converted else "name": self.config}

    @property
    def converted(self) -> bool:
        """Whether it is read from the Hub's own branch."""
        return pin_of(self.id).branch == CONVERTED


@dataclass(frozen=True, slots=True)
class Loaded(Generic[T]):
    """Documents and where they came from (`hf:...`, a folder, or `fixtures:...`, which are never a benchmark)."""

    items: list[T]
    source: str


def folder_of(chosen: str | None) -> Path | None:
    """The folder that `data_dir` names; None where it names the Hub, the fixtures or nothing."""
    return None if chosen in (None, HUB, FIXTURES) else expanded(chosen)


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
    set's name (`find_file`; `xlsum` of `csebuetnlp/xlsum`, and `task`). The Hub is off when `HF_HUB_OFFLINE` is set and the set
    is not in its cache; a warning then says that fixtures are used instead, and the source goes into every result. Raises
    DataError naming the folder and the names tried, or the set and the next step.
    """
    if folder := folder_of(chosen):
        return Loaded(read(find_file(folder, files, places=dict.fromkeys((hub.short_name, task)))), str(folder))
    if chosen == HUB or (chosen is None and at_hand(hub)):
        rows = hub_rows(hub)
        return Loaded([of_row(row, rows.source, number) for number, row in enumerate(rows.items)], rows.source)
    if chosen is None:
        log.warning("%s is not at hand and the Hub is off: %s runs on the project's fixtures", hub.name, task)
    path = find_file(data_dir("tasks") / task / FIXTURES, files)
    return Loaded(read(path), f"{FIXTURES}:{task}/{path.name}")


def file_in(folder: Path, names: Iterable[str], *, places: Iterable[str] = ()) -> Path | None:
    """The first of `names` that is a file in `folder`, or else in one of its sub-folders `places`; None where none is.

    The sub-folders are called as the set is, so that one folder can hold several sets.
    """
    wanted = list(names)
    tried = (folder / place / name for place in ("", *places) for name in wanted)
    return next((path for path in tried if path.is_file()), None)


def find_file(folder: Path, names: Iterable[str], *, places: Iterable[str] = ()) -> Path:
    """As `file_in`; raises DataError naming the folder and what it should hold."""
    wanted, below = list(names), list(places)
    if not folder.is_dir():
        raise DataError(f"data folder {folder} does not exist; give a folder that holds {wanted[0]}")
    found = file_in(folder, wanted, places=below)
    if found is None:
        where = f", nor does its sub-folder {' or '.join(below)}" if below else ""
        raise DataError(
            f"data folder {folder} does not hold any of {', '.join(wanted)}{where}; give a folder in the official layout"
        )
    return found


def at_hand(hub: HubSet) -> bool:
    """Whether a set can be read: the Hub is on, or the set is in the local cache."""
    return not is_offline() or _read(hub) is not None


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
    pinned = pin_of(hub.id).commit
    if pinned and is_offline() and commit != pinned:
        raise DataError(
            f"{hub.name}: the local cache holds commit {commit}; run once with the Hub on (HF_HUB_OFFLINE unset)"
        )
    return Loaded(list(rows), f"hf:{hub.id}/{hub.config}/{rows.split}@{marked(pinned or commit, hub.revision)}")


def marked(commit: str, asked: str) -> str:
    """A commit as sources state it, with the branch that was asked for where none was pinned."""
    return commit if commit == asked else f"{commit} (unpinned: {asked})"


def _read(hub: HubSet) -> tuple[Any, str] | None:
    """The `datasets.Dataset` and its commit; None when the Hub is off and the set is not cached."""
    try:
        if hub.converted and is_offline():
            kept = _kept(hub)
            return _split(hub, str(kept)), kept.name
        rows = _split(hub, hub.id, revision=hub.revision)
        return rows, commit_of(rows)
    except Exception as err:  # `datasets` raises many types; online, each of them is an error of the data
        if is_offline():
            return None
        raise DataError(f"{hub.name} cannot be loaded: {_why(err)}") from err


def _split(hub: HubSet, place: str, **options: str) -> Any:
    """The `datasets.Dataset` of the split, by the name that the set has for it."""
    from datasets import load_dataset

    try:
        return load_dataset(place, split=hub.split, **options, **hub.where)
    except ValueError as err:
        if hub.split not in OTHER_NAMES or "Unknown split" not in str(err):
            raise
        return load_dataset(place, split=OTHER_NAMES[hub.split], **options, **hub.where)


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


def commit_of(rows: Any) -> str:
    """The commit of a `datasets.Dataset` from the Hub, `unknown` where its files do not tell.

    It is the one that `datasets` keeps a set of plain files under; offline it takes the latest one, whatever was asked for.
    """
    for file in rows.cache_files:
        found = re.search(r"[/\\]([0-9a-f]{40})[/\\][^/\\]*$", str(file["filename"]))
        if found:
            return found[1]
    return UNKNOWN
