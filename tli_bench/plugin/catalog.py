"""Which tasks exist: ours from the `tasks` folder at once, lm-eval's own only when one of them is asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

from lm_eval.api.task import Task
from lm_eval.tasks import TaskManager

from tli_bench.base.errors import InputError, TLIError, UnknownNameError
from tli_bench.base.paths import data_dir
from tli_bench.plugin.suites import names_stock_tasks
from tli_bench.plugin.tasklist import ALL, is_pair_task, our_task_names, require_known

EVERYTHING = "tli_all"


def load_tasks(names: Sequence[str], *, metadata: Mapping[str, Any]) -> dict[str, Task]:
    """Task objects by name for task and group names, ours or lm-eval's, in the order asked for.

    metadata overrides the tasks' own (lexicon, protocol, seed, allow_leakage). A name `tli_alignment_<pair>` of two
    known languages needs no YAML; `all` is every task of ours that does not need a stock one. Raises UnknownNameError with suggestions.
    """
    require_known(names)
    names = [EVERYTHING if name == ALL else name for name in names]
    ours = our_task_names()
    stock = [name for name in names if name not in ours and not is_pair_task(name)]
    every = bool(stock) or names_stock_tasks(names)
    manager = TaskManager(include_path=str(data_dir("tasks")), include_defaults=every, metadata=dict(metadata))
    unknown = [name for name in stock if name not in manager.task_index]
    if unknown:
        known = [*ours, *manager.task_index]
        raise UnknownNameError(
            "task", unknown[0], known, hint="`tli-bench ls tasks` lists ours, `tli-bench lm-eval ls` all"
        )
    specs = [name if name in manager.task_index else _inline(name) for name in names]
    try:
        return dict(manager.load(specs)["tasks"])
    except ValueError as err:
        if isinstance(err.__cause__, TLIError):
            raise err.__cause__ from err
        raise InputError(f"cannot load tasks {', '.join(names)}: {err}") from err
    except Exception as err:
        # A stock task downloads its data while it is built, and `datasets` raises many types of error.
        if not every:
            raise
        raise InputError(
            f"cannot load {', '.join(names)}: {type(err).__name__}: {str(err)[:200]}; lm-eval's own tasks read their data from "
            "the Hub: switch it on once, or leave out the task that docs/downstream.md lists with these data"
        ) from err


def _inline(name: str) -> dict[str, Any]:
    from tli_bench.plugin.tasks import AlignmentTask

    return {"task": name, "class": AlignmentTask, "metadata": {"pair": name.rpartition("_alignment_")[2]}}
