"""Read a YAML file of names and values that anyone may have written."""

from pathlib import Path
from typing import Any

import yaml

from tli_bench.base.errors import InputError


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; raises InputError when it cannot be read or is not a mapping."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as err:
        raise InputError(f"{path} cannot be read as YAML: {err}") from err
    if not isinstance(data, dict):
        raise InputError(f"{path} holds a {type(data).__name__}, not a mapping of names to values")
    return data
