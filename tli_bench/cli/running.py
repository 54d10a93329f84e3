"""What `tli-bench run` does once its options are known: check, load, evaluate, show, write."""

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from tli_bench.base.collection import collection_paused
from tli_bench.base.errors import InputError
from tli_bench.base.locks import writing_into
from tli_bench.base.wording import counted
from tli_bench.cli.afterwards import Afterwards
from tli_bench.cli.processes import follow, joined, leading
from tli_bench.cli.quiet import quiet_libraries
from tli_bench.cli.showing import show
from tli_bench.config.run import RunConfig
from tli_bench.downstream.errors import DataError
from tli_bench.plugin.checks import check, check_parts, require_shareable
from tli_bench.plugin.finished_run import FinishedRun, finished_run
from tli_bench.plugin.results import resolved, write_run
from tli_bench.report.terminal.summary import closing, summary_parts
from tli_bench.report.terminal.tasks import task_parts
from tli_bench.report.terminal.unit import unit_parts

if TYPE_CHECKING:
    from lm_eval.api.task import Task

    from tli_bench.models.identity import MeasuredModel
    from tli_bench.plugin.engine import EngineModel
    from tli_bench.plugin.lm import TLIModel
    from tli_bench.plugin.run import RunResult
    from tli_bench.records.schema import RunRecord
    from tli_bench.vectors.ranks import Ranks


def execute(config: RunConfig, *, plain: bool = False, again: bool = False, then: Afterwards | None = None) -> None:
    """Run and show everything; raises TLIError before anything is written when the input is bad.

    Of several processes rank 0 does this, and the others answer it until it ends, with its exit code.
    plain: tab-separated values instead of what people read. again: score again what is finished, and replace it. then: what to do
    with the results.
    """
    ranks = joined()
    if ranks is not None and ranks.rank > 0:
        raise SystemExit(follow(ranks))
    with leading(ranks):
        _checked(config, ranks)
        assert config.output is not None  # it was checked
        with writing_into(config.output, "run"):
            _execute(config, config.output, ranks, plain=plain, again=again, then=then or Afterwards())


def _checked(config: RunConfig, ranks: "Ranks | None") -> None:
    """What can be said before anything is loaded."""
    if config.output is None:
        raise InputError("--output must be a path: `tli-bench run` writes its records somewhere")
    if config.audit:
        raise InputError("audit words are scored by `tli-bench submit`, once; leave `audit` out")
    check(config)
    check_parts(config)
    if ranks is not None:
        require_shareable(config)


def _execute(
    config: RunConfig, output: Path, ranks: "Ranks | None", *, plain: bool, again: bool, then: Afterwards
) -> None:
    started = time.monotonic()
    console = Console()
    finished = None if again else finished_run(config)
    if finished is not None:
        path = _show_finished(console, config, finished, started, plain=plain)
        done = then.do(output, path, told=finished.results, records=finished.records, documents={})
        show(console, map(Text, done), plain=plain)
        return
    quiet_libraries()
    with console.status("loading lm-eval, torch and transformers"):
        from tli_bench.plugin.scoring import open_model, tasks_of, unreadable

    tasks = tasks_of(config)
    with console.status("reading words and documents"):
        unread = unreadable(tasks)
    tasks = _left(tasks, unread)
    with console.status(f"loading {escape(config.model)}"):
        lm = open_model(config, ranks=ranks)
    show(console, _opening(config, lm.identity), plain=plain)
    outcome = _score(console, config, lm, tasks, plain=plain, again=again, samples=then.log_samples)
    told = resolved(config, lm.identity, str(lm.device) if ranks is None else lm.device.type)
    path = write_run(told, outcome.results, outcome.records, output)
    show(console, summary_parts(outcome.records), plain=plain)
    without = {record.task for record in outcome.records}
    show(console, task_parts(outcome.results, without=without), plain=plain)
    _close(console, outcome.records, path, started, tasks=len(tasks), reused=len(outcome.reused), plain=plain)
    done = then.do(output, path, told=outcome.results, records=outcome.records, documents=outcome.samples)
    show(console, map(Text, done), plain=plain)
    if unread:
        raise DataError(
            f"{len(unread)} of {len(unread) + len(tasks)} tasks were not run: their documents cannot be read (named above, with the "
            "reasons)"
        )


@collection_paused()
def _show_finished(console: Console, config: RunConfig, finished: FinishedRun, started: float, *, plain: bool) -> Path:
    assert config.output is not None  # it holds the records
    show(console, _opening(config, finished.model), plain=plain)
    for record in finished.records:
        show(console, unit_parts(record, reused=True), plain=plain)
    path = write_run(finished.config, finished.results, finished.records, config.output)
    show(console, summary_parts(finished.records), plain=plain)
    _close(console, finished.records, path, started, tasks=finished.tasks, reused=finished.tasks, plain=plain)
    return path


def _close(
    console: Console,
    records: "Sequence[RunRecord]",
    path: Path,
    started: float,
    *,
    tasks: int,
    reused: int,
    plain: bool,
) -> None:
    done = (
        f"{counted(tasks, 'task')} in {time.monotonic() - started:.0f} s"
        + (f" ({reused} already done)" if reused else "")
        + f"; records under {path.parent}, lm-eval results in {path}"
    )
    show(console, [Text(done), *closing(records)], plain=plain)


def _left(tasks: "dict[str, Task]", unread: dict[str, DataError]) -> "dict[str, Task]":
    """The tasks that can be run; the others are named, those of one reason together. Raises the first reason when none can be."""
    if unread and len(unread) == len(tasks):
        raise next(iter(unread.values()))
    for reason in dict.fromkeys(map(str, unread.values())):
        names = ", ".join(name for name, why in unread.items() if str(why) == reason)
        print(f"not run: {names}: {reason}", file=sys.stderr)
    return {name: task for name, task in tasks.items() if name not in unread}


def _score(
    console: Console,
    config: RunConfig,
    lm: "TLIModel | EngineModel",
    tasks: "dict[str, Task]",
    *,
    plain: bool,
    again: bool,
    samples: bool,
) -> "RunResult":
    from tli_bench.plugin.run import Watch
    from tli_bench.plugin.scoring import score_tasks, units

    with progress_bar(console) as progress:
        row = progress.add_task("tasks", total=units(config, tasks))
        words = progress.add_task("words, texts, requests", total=None)

        def on_unit(record: "RunRecord", reused: bool) -> None:
            progress.advance(row)
            show(progress.console, unit_parts(record, reused=reused), plain=plain)

        watch = Watch(
            on_unit=on_unit,
            on_task=lambda name: progress.advance(row),
            on_start=lambda name: progress.update(row, description=name),
            on_words=lambda done, total: progress.update(words, completed=done, total=total),
        )
        return score_tasks(config, lm, tasks, watch, again=again, samples=samples)


def _opening(config: RunConfig, identity: "MeasuredModel") -> Iterator[Text]:
    """What is scored, and what is not although it could be."""
    line = Text.assemble((identity.id, "bold"), f" ({identity.revision}), {identity.dtype}")
    if identity.quantization:
        line.append(f", {identity.quantization}")
    if identity.engine:
        line.append(f", {identity.engine}")
    if identity.adapter:
        line.append(", adapter ").append(identity.adapter.name, "bold").append(f" ({identity.adapter.sha256[:8]})")
    else:
        line.append(", no adapter")
    if not identity.trained.known:
        line.append(", ").append("training unknown", "bold red")
        line.append(": --trained-words FILE declares what was trained")
    if identity.twin:
        line.append(f", twin on shuffled pairs ({identity.twin[:8]})")
    yield line
    yield from (Text(note, "yellow") for note in identity.notes)
    if config.leaves_own_adapter:
        yield Text(
            f"{config.model} is scored bare: its own adapter was trained for the core lexicon, not for {config.lexicon}; "
            "--adapter default scores it as well"
        )


def progress_bar(console: Console) -> Progress:
    """Bars on a console, gone once the work is done."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
