"""Names of our tasks and groups, read from the `tasks` folder without torch or lm-eval."""

from pathlib import Path
from typing import Any

import yaml

from tli_bench.paths import data_dir


def our_task_names() -> dict[str, str]:
    """Names of our tasks and groups, each with `task` or `group`, read from YAML without lm-eval's index."""
    names: dict[str, str] = {}
    for path in sorted(data_dir("tasks").rglob("*.yaml")):
        config = _peek(path)
        if isinstance(config.get("group"), str):
            names[config["group"]] = "group"
        elif isinstance(config.get("task"), str):
            names[config["task"]] = "task"
    return names


class _Peek(yaml.SafeLoader):
    """Safe YAML in which `!function` is a plain string."""


def _as_text(loader: yaml.SafeLoader, node: yaml.Node) -> str:
    assert isinstance(node, yaml.ScalarNode)
    return str(loader.construct_scalar(node))


_Peek.add_constructor("!function", _as_text)


def _peek(path: Path) -> dict[str, Any]:
    data = yaml.load(path.read_text(encoding="utf-8"), Loader=_Peek)
    return data if isinstance(data, dict) else {}
