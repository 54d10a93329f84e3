"""Rows of a data set that has no fixtures here: from the Hub, or from a folder that holds a copy of its repository."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tli_bench.downstream.errors import DataError
from tli_bench.downstream.sources import FIXTURES, HUB, HubSet, Loaded, Row, folder_of, hub_rows


def rows_of(chosen: str | None, hub: HubSet, *, task: str) -> Loaded[Row]:
    """The rows of one configuration and split, and what was read.

    chosen: a folder with a copy of the set's repository, as `hf download` makes it, or one with such a copy under the set's name; `hub`
    or None for the Hub. Raises DataError naming the set and the next step.
    """
    if chosen == FIXTURES:
        raise DataError(f"task {task} has no fixtures; give data_dir={HUB}, or a folder with a copy of {hub.id}")
    folder = folder_of(chosen)
    if folder is None:
        return hub_rows(hub)
    below = folder / hub.short_name
    return _copied(below if below.is_dir() else folder, hub)


def _copied(folder: Path, hub: HubSet) -> Loaded[Row]:
    from datasets import load_dataset

    if not folder.is_dir():
        raise DataError(f"data folder {folder} does not exist; {_how(hub, folder)}")
    try:
        # A cache of its own: the usual one answers with what another folder of the same name held.
        with TemporaryDirectory() as cache:
            rows = list(load_dataset(str(folder), hub.config, split=hub.split, cache_dir=cache))
    except Exception as err:  # `datasets` raises many types; each of them is an error of the folder
        raise DataError(
            f"{folder}: split {hub.split!r} of configuration {hub.config!r} cannot be read "
            f"({type(err).__name__}: {str(err)[:200]}); {_how(hub, folder)}"
        ) from err
    return Loaded(rows, f"{folder}/{hub.config}/{hub.split}")


def _how(hub: HubSet, folder: Path) -> str:
    return f"`hf download {hub.id} --repo-type dataset --local-dir {folder}` makes a copy with its README.md"
