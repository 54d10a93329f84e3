"""Where a row's model, adapter and records can be found, where that is known. Nothing is guessed: no link rather than a dead one."""

import re
from functools import cache
from pathlib import Path

from tli_bench.base.errors import InputError
from tli_bench.base.paths import data_dir
from tli_bench.models.identity import AdapterRef
from tli_bench.records.names import run_path, safe_name
from tli_bench.report.entries import TASK_PREFIX, Entry

HUB = "https://huggingface.co/"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")


def hub_link(name: str, revision: str = "") -> str | None:
    """A Hub repository's page, at a commit where one is given; None for anything that is not a Hub id."""
    if not _HUB_ID.fullmatch(name):
        return None
    return f"{HUB}{name}/tree/{revision}" if _COMMIT.fullmatch(revision) else f"{HUB}{name}"


def model_link(entry: Entry) -> str | None:
    """Of a model that was loaded from the Hub: its revision is a commit there."""
    return hub_link(entry.key.model, entry.key.revision) if _COMMIT.fullmatch(entry.key.revision) else None


def adapter_link(adapter: AdapterRef) -> str | None:
    """Of an adapter that ships with the project, from `leaderboards/`."""
    here = re.fullmatch(r"[\w-]+", adapter.name, re.ASCII) and (_folder("adapters") / adapter.name).is_dir()
    return f"../adapters/{adapter.name}/" if here else None


def record_links(entry: Entry) -> dict[str, str]:
    """By pair, the folder of its records among those published with the project, from `leaderboards/`."""
    mine = run_path(Path("records"), f"{TASK_PREFIX}{entry.signature.pair}", entry.signature).parent.parent
    if not (_folder("leaderboards") / mine).is_dir():
        return {}
    folders = {pair: mine / safe_name(f"{TASK_PREFIX}{pair}") for pair in entry.units}
    return {pair: f"{path.as_posix()}/" for pair, path in folders.items() if (_folder("leaderboards") / path).is_dir()}


@cache
def _folder(name: str) -> Path:
    try:
        return data_dir(name)
    except InputError:
        return Path("/nonexistent")
