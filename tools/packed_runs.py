"""Scores of downstream runs, kept without anything of their data sets: `python -m tools.NAME pack FOLDER AS`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tli_bench.base.files import write_text
from tli_bench.records.downstream import iter_downstream
from tli_bench.records.schema import DownstreamRecord

Pack = Callable[[list[DownstreamRecord]], list[dict[str, Any]]]


def facts(record: DownstreamRecord, names: tuple[str, ...]) -> dict[str, Any]:
    """Some fields of a record, as JSON data."""
    found = record.model_dump(mode="json")
    return {name: found[name] for name in names}


def read(folder: Path, name: str) -> list[dict[str, Any]]:
    """What was kept under a name."""
    found: list[dict[str, Any]] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return found


def command(arguments: list[str], *, folder: Path, pack: Pack, usage: str) -> int:
    """Keep what `pack` makes of the records under a folder of runs as `folder / NAME.json`; usage: printed for anything else."""
    match arguments:
        case ["pack", runs, name]:
            path = folder / f"{name}.json"
            write_text(path, json.dumps(pack(list(iter_downstream(Path(runs)))), indent=1) + "\n")
            print(f"{path}: written; `make docs-tables` writes the tables")
            return 0
    print(usage)
    return 2
