"""Where a task's data come from: a folder that was named, the Hub, or the small fixtures of the project."""

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from tli_bench.harness.downstream.errors import DataError
from tli_bench.paths import data_dir

log = logging.getLogger(__name__)
T = TypeVar("T")
FIXTURES = "fixtures"


@dataclass(frozen=True, slots=True)
class HubSet:
    """A data set on the Hub. revision: a branch or commit; script-based sets are read from their parquet branch."""

    id: str
    config: str
    split: str
    revision: str = "main"

    @property
    def name(self) -> str:
        """How the source is named in results."""
        return f"hf:{self.id}/{self.config}/{self.split}@{self.revision}"


@dataclass(frozen=True, slots=True)
class Loaded(Generic[T]):
    """Documents and where they came from (`hf:...`, a folder, or `fixtures:...`, which are never a benchmark)."""

    items: list[T]
    source: str


def load(
    *,
    chosen: str | None,
    task: str,
    files: Sequence[str],
    read: Callable[[Path], list[T]],
    hub: HubSet | None,
    of_row: Callable[[Mapping[str, Any], str, int], T] | None,
) -> Loaded[T]:
    """Documents from `chosen`: a folder, `fixtures`, or None for the Hub, with the fixtures when the Hub is off.

    task: folder under `tasks/` with `fixtures`. files: names tried in the folder, in order. The Hub is off when
    `HF_HUB_OFFLINE` is set and the set is not in its cache; a warning then says that fixtures stand in, and the source goes
    into every result. Raises DataError naming the folder and the names tried.
    """
    if chosen and chosen != FIXTURES:
        folder = Path(os.path.expanduser(chosen))
        return Loaded(read(find_file(folder, files)), str(folder))
    if chosen is None and hub is not None and of_row is not None:
        rows = _hub_rows(hub)
        if rows is not None:
            return Loaded([of_row(row, hub.name, number) for number, row in enumerate(rows)], hub.name)
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
    raise DataError(f"data folder {folder} holds none of {', '.join(tried)}; name a folder in the official layout")


def _hub_rows(hub: HubSet) -> Iterable[Mapping[str, Any]] | None:
    from datasets import load_dataset

    offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")
    try:
        rows: Iterable[Mapping[str, Any]] = load_dataset(hub.id, hub.config, split=hub.split, revision=hub.revision)
    except Exception as err:  # `datasets` raises many kinds; online, each of them is an error of the data
        if offline:
            return None
        raise DataError(
            f"{hub.name} cannot be loaded ({type(err).__name__}: {str(err)[:200]}); give a folder with data_dir, "
            "or data_dir=fixtures to try the task out"
        ) from err
    return rows
