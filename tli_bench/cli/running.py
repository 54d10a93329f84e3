"""What `tli-bench run` does once its options are known: check, load, evaluate, show, write."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tli_bench.base.errors import InputError
from tli_bench.base.files import require_writable
from tli_bench.cli.processes import require_one_process
from tli_bench.cli.quiet import quiet_libraries
from tli_bench.config.run import RunConfig
from tli_bench.plugin.checks import check
from tli_bench.report.terminal.unit import print_record, print_summary

if TYPE_CHECKING:
    from lm_eval.api.task import Task

    from tli_bench.models.identity import MeasuredModel
    from tli_bench.plugin.lm import TLIModel
    from tli_bench.plugin.run import RunResult
    from tli_bench.records.schema import RunRecord


def execute(config: RunConfig) -> None:
    """Run and show everything; raises TLIError before anything is written when the input is bad."""
    started = time.monotonic()
    console = Console()
    require_one_process(
        "run", "start it without torchrun; for several devices, once per device, each with its own --pairs and --device"
    )
    if config.output is None:
        raise InputError("--output must be a path: `tli-bench run` writes its records somewhere")
    if config.audit:
        raise InputError("audit words are scored by `tli-bench submit`, once; leave `audit` out")
    check(config)
    quiet_libraries()
    with console.status("loading lm-eval, torch and transformers"):
        from tli_bench.plugin.scoring import open_model, read_documents, resolved, tasks_of, write_run

    tasks = tasks_of(config)
    with console.status("reading words and documents"):
        read_documents(tasks)
    with _made(config.output), console.status(f"loading {escape(config.model)}"):
        lm = open_model(config)
    console.print(_describe(lm.identity), soft_wrap=True)
    if config.leaves_own_adapter:
        console.print(
            f"{escape(config.model)} is scored bare: its own adapter was trained for the core lexicon, not for "
            f"{escape(config.lexicon)}; --adapter default scores it as well",
            soft_wrap=True,
        )
    outcome = _score(console, config, lm, tasks)
    path = write_run(resolved(config, lm), outcome.results, outcome.records, config.output)
    print_summary(console, outcome.records, outcome.results)
    console.print(
        f"{len(tasks)} tasks in {time.monotonic() - started:.0f} s"
        + (f" ({len(outcome.reused)} were already done)" if outcome.reused else "")
        + f"; records under {config.output}, lm-eval results in {path}",
        soft_wrap=True,
    )


def _score(console: Console, config: RunConfig, lm: "TLIModel", tasks: "dict[str, Task]") -> "RunResult":
    from tli_bench.plugin.run import Watch
    from tli_bench.plugin.scoring import score_tasks, units

    with progress_bar(console) as progress:
        row = progress.add_task("tasks", total=units(config, tasks))
        words = progress.add_task("words, texts, requests", total=None)

        def on_unit(record: "RunRecord", reused: bool) -> None:
            progress.advance(row)
            print_record(progress.console, record, reused=reused)

        watch = Watch(
            on_unit=on_unit,
            on_task=lambda name: progress.advance(row),
            on_start=lambda name: progress.update(row, description=name),
            on_words=lambda done, total: progress.update(words, completed=done, total=total),
        )
        return score_tasks(config, lm, tasks, watch)


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Make the output folder before the model loads, and remove it again when the model turns out to be unfit."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    require_writable(folder)
    try:
        yield
    except BaseException:
        for path in missing:
            with suppress(OSError):
                path.rmdir()
        raise


def _describe(identity: "MeasuredModel") -> str:
    parts = [f"[bold]{escape(identity.id)}[/bold] ({escape(identity.revision)})", identity.dtype]
    if identity.quantization:
        parts.append(identity.quantization)
    if identity.adapter:
        parts.append(f"adapter [bold]{escape(identity.adapter.name)}[/bold] ({identity.adapter.sha256[:8]})")
    else:
        parts.append("no adapter")
    if not identity.trained.known:
        parts.append("[bold red]training unknown[/bold red]: --trained-words FILE declares what was trained")
    if identity.twin:
        parts.append(f"twin on shuffled pairs ({identity.twin[:8]})")
    return "\n".join([", ".join(parts), *(f"[yellow]{escape(note)}[/yellow]" for note in identity.notes)])


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
