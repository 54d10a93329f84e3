"""The table of lm-eval's own tasks in our suites, as lm-eval reports them, for `docs/downstream.md` (a test checks it).

Each task is built as it is for a run, up to the call that would download its data; nothing is downloaded.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from tools.write_downstream_tasks import groups

DOC = Path(__file__).resolve().parent.parent / "docs" / "downstream.md"
BEGIN, END = "<!-- stock tasks: written by `make tasks` -->", "<!-- end of stock tasks -->"
SUITES = ("swahili", "turkic", "xtremer", "english")


class Stock(NamedTuple):
    """One name in a suite. leaves: number of tasks; data: their Hub ids and configurations; metrics: those from the Hub; versions:
    those that lm-eval gives the tasks.
    """

    name: str
    suites: tuple[str, ...]
    leaves: int
    data: tuple[tuple[str, str], ...]
    metrics: tuple[str, ...]
    versions: tuple[str, ...]


class Reached(Exception):
    """The task is built as far as its download."""


def suite_names() -> dict[str, tuple[str, ...]]:
    """Stock names with the suites that list them, in the order of the suites."""
    found: dict[str, list[str]] = {}
    for suite in SUITES:
        for name in groups()[f"tli_suite_{suite}"]:
            if not name.startswith("tli_"):
                found.setdefault(name, []).append(suite)
    return {name: tuple(suites) for name, suites in found.items()}


def stock_tasks(manager: Any) -> list[Stock]:
    """Every stock task of our suites, built up to its download; raises KeyError for a name that lm-eval does not have.

    manager: an lm-eval `TaskManager` with its own tasks.
    """
    with _no_download(), _missing_metrics() as missing:
        found = []
        for name, suites in suite_names().items():
            data: dict[tuple[str, str], None] = {}
            missing.clear()
            leaves = list(_leaves(manager, name))
            for leaf in leaves:
                data[_download_of(manager, leaf)] = None
            versions = dict.fromkeys(_version(manager, leaf) for leaf in leaves)
            found.append(Stock(name, suites, len(leaves), tuple(data), tuple(dict.fromkeys(missing)), tuple(versions)))
    return found


def _leaves(manager: Any, name: str) -> Iterator[str]:
    entry = manager.task_index[name]
    if entry.kind.name in ("TASK", "PY_TASK"):
        yield name
        return
    members = sorted(entry.tags) if entry.kind.name == "TAG" else entry.cfg["task"]
    for member in members:
        yield from _leaves(manager, member if isinstance(member, str) else member["task"])


def _version(manager: Any, leaf: str) -> str:
    return str((manager.task_index[leaf].cfg.get("metadata") or {}).get("version", "none"))


def _download_of(manager: Any, leaf: str) -> tuple[str, str]:
    """Hub id and configuration that a task asks for; raises whatever error keeps it from being built that far."""
    try:
        manager.load([leaf])
    except Reached as reached:
        return reached.args[0], reached.args[1]
    raise AssertionError(f"{leaf} was built without asking for data")


@contextmanager
def _no_download() -> Iterator[None]:
    import datasets

    def reached(path: str, name: str | None = None, **options: Any) -> None:
        if options.get("trust_remote_code"):
            raise AssertionError(f"{path} is asked for with trust_remote_code, which datasets 4 and later refuse")
        raise Reached(path, name or "default")

    kept, datasets.load_dataset = datasets.load_dataset, reached
    try:
        yield
    finally:
        datasets.load_dataset = kept


@contextmanager
def _missing_metrics() -> Iterator[list[str]]:
    """Names of metrics that lm-eval wanted to read from the Hub's `evaluate` modules."""
    names: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said = record.getMessage()
            if "not found in the evaluate library" in said:
                names.append(said.split(" ")[0])

    logger, listener = logging.getLogger("lm_eval.api.registry"), Listener()
    logger.addHandler(listener)
    try:
        yield names
    finally:
        logger.removeHandler(listener)


def table(rows: list[Stock]) -> str:
    """The Markdown between the two marks."""
    lines = [
        f"lm-eval {version('lm_eval')}, datasets {version('datasets')}:",
        "",
        "| task | tasks in it | version | data set (Hub) | configuration | suites |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        ids = ", ".join(dict.fromkeys(f"`{ident}`" for ident, _ in row.data))
        configs = [config for _, config in row.data]
        shown = ", ".join(f"`{config}`" for config in configs[:2]) + (f" … {len(configs)}" if len(configs) > 2 else "")
        also = f"; metric {', '.join(row.metrics)} from the Hub's `evaluate`" if row.metrics else ""
        lines.append(
            f"| `{row.name}` | {row.leaves} | {', '.join(row.versions)} | {ids}{also} | {shown} | {', '.join(row.suites)} |"
        )
    return "\n".join(lines)


def updated(text: str, rows: list[Stock]) -> str:
    """The document with its table replaced."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(rows)}\n{END}{after}"


def main() -> None:
    """Write the table into the document named, or `docs/downstream.md`."""
    from lm_eval.tasks import TaskManager

    path = Path(sys.argv[1]) if len(sys.argv) > 1 else DOC
    rows = stock_tasks(TaskManager())
    path.write_text(updated(path.read_text(encoding="utf-8"), rows), encoding="utf-8")


if __name__ == "__main__":
    main()
