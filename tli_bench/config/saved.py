"""A run's options in a YAML file: read, and written so that the same run can be made again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tli_bench.base.errors import InputError
from tli_bench.base.files import write_text
from tli_bench.base.yamls import read_yaml
from tli_bench.config.options import require_names, settings
from tli_bench.config.run import RunConfig

RECIPE_FILE = "run.yaml"


def read_config(path: Path, *, apart: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The options in a YAML file by name, unchecked; raises InputError, and UnknownNameError for an unknown one.

    apart: flags by name that belong to a command line alone, for the error about one of them.
    """
    values = read_yaml(path)
    for name in values:
        if flag := (apart or {}).get(name):
            raise InputError(f"{path}: {name!r} is not an option of a file; give {flag} on the command line")
    require_names(values, settings(RunConfig), where=str(path))
    return values


def write_config(config: RunConfig, folder: Path) -> Path:
    """Write all options to `folder`/run.yaml, atomically, so that `tli-bench run --config` does the same run again."""
    path = folder / RECIPE_FILE
    head = f"# The exact recipe of the last run in this folder: tli-bench run --config {path}\n"
    write_text(path, head + yaml.safe_dump(config.to_dict(), sort_keys=False, allow_unicode=True))
    return path
