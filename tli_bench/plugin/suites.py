"""Which of our groups name lm-eval's own tasks, so that its index of 14,000 names is read only when it is needed."""

from collections.abc import Iterable
from typing import Any

from tli_bench.base.paths import data_dir
from tli_bench.base.yamls import load_yaml
from tli_bench.plugin.tasklist import our_task_names


def names_stock_tasks(names: Iterable[str]) -> bool:
    """Whether one of `names` is a group under `tasks/suites` with a member that is not ours; these are loaded with lm-eval's defaults."""
    ours = our_task_names()
    return any(member not in ours for name in names for member in members(name))


def members(group: str) -> list[str]:
    """Members of a suite, nested groups resolved; none for a name that is not a suite."""
    path = data_dir("tasks") / "suites" / f"{group}.yaml"
    if not path.is_file():
        return []
    data: Any = load_yaml(path)
    found: list[str] = []
    for item in data.get("task", []):
        nested = members(item)
        found += nested or [item]
    return found
