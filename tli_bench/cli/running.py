"""What `tli-bench run` does once its options are known: check, load, evaluate, show, write."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tli_bench.base.errors import InputError
from tli_bench.base.paths import data_dir
from tli_bench.cli.processes import require_one_process
from tli_bench.cli.quiet import quiet_libraries
from tli_bench.evaluate.corrections import as_json, corrected
from tli_bench.languages import resolve_pair
from tli_bench.plugin.tasklist import require_known
from tli_bench.records import RecordStore, require_writable, write_json
from tli_bench.report.terminal.unit import print_record, print_summary
from tli_bench.vectors.protocols import get_protocols

DEFAULT_ADAPTERS = {"tiny": "tiny-swh-eng-tli"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The options of `tli-bench run`, named as on the command line."""

    model: str
    adapter: str | None
    pairs: tuple[str, ...]
    tasks: tuple[str, ...]
    lexicon: str
    control: Path | None
    data_dir: Path | None
    protocol: str
    limit: int | None
    output: Path
    batch_size: int
    device: str | None
    dtype: str | None
    quantize: str | None
    revision: str | None
    seed: int
    allow_leakage: bool
    any_base: bool
    skip_gate: bool
    trust_remote_code: bool


def execute(options: RunOptions) -> None:
    """Run and show everything; raises TLIError before anything is written when the input is bad."""
    started = time.monotonic()
    console = Console()
    require_one_process(
        "run", "start it without torchrun, for several devices once a device, each with its own --pairs and --device"
    )
    if options.pairs and options.tasks:
        raise InputError("give --pairs or --tasks, not both")
    for pair in options.pairs:
        resolve_pair(pair)
    require_known(options.tasks)
    protocols = get_protocols(options.protocol)
    quiet_libraries()
    with console.status("loading lm-eval, torch and transformers"):
        from tli_bench.plugin.catalog import default_tasks, load_tasks
        from tli_bench.plugin.downstream_tasks import DownstreamTask
        from tli_bench.plugin.lm import TLIModel
        from tli_bench.plugin.run import run_tasks, tidy
        from tli_bench.plugin.tasks import HiddenStatesTask

    tasks = load_tasks(list(options.tasks) or default_tasks(options.pairs), metadata=_metadata(options))
    with console.status("reading words and documents"):
        for task in tasks.values():
            # Read now: what is missing, malformed or leaks must not wait for the model.
            if isinstance(task, HiddenStatesTask):
                _ = task.lexicon
            elif isinstance(task, DownstreamTask):
                task.test_docs()
    adapter = default_adapter(options.model, options.adapter)
    with _made(options.output), console.status(f"loading {escape(options.model)}"):
        lm = TLIModel(
            pretrained=options.model,
            adapter=adapter,
            quantize=options.quantize,
            dtype=options.dtype,
            device=options.device,
            revision=options.revision,
            batch_size=options.batch_size,
            trust_remote_code=options.trust_remote_code,
            any_base=options.any_base,
            skip_gate=options.skip_gate,
        )
    console.print(_describe(lm), soft_wrap=True)
    with _progress(console) as progress:
        count = sum(len(protocols) if isinstance(task, HiddenStatesTask) else 1 for task in tasks.values())
        units = progress.add_task("tasks", total=count)
        words = progress.add_task("words, texts, requests", total=None)
        lm.progress = lambda done, total: progress.update(words, completed=done, total=total)

        def on_unit(record: Any, reused: bool) -> None:
            progress.advance(units)
            print_record(progress.console, record, reused=reused)

        def on_task(name: str) -> None:
            progress.advance(units)

        outcome = run_tasks(
            lm,
            tasks,
            limit=options.limit,
            store=RecordStore(options.output),
            on_unit=on_unit,
            on_task=on_task,
            on_start=lambda name: progress.update(units, description=name),
        )
    stamp = time.strftime("%Y-%m-%dT%H-%M-%S")
    results_path = options.output / f"results_{stamp}.json"
    tests = corrected(outcome.records)
    write_json(results_path, tidy({**outcome.results, "tli_corrections": as_json(tests)}))
    print_summary(console, outcome.records, tests, outcome.results)
    console.print(
        f"{len(tasks)} tasks in {time.monotonic() - started:.0f} s"
        + (f" ({len(outcome.reused)} were already done)" if outcome.reused else "")
        + f"; records under {options.output}, lm-eval results in {results_path}",
        soft_wrap=True,
    )


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Make the output folder before the model loads, and take it away again when the model turns out unfit."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    require_writable(folder)
    try:
        yield
    except BaseException:
        for path in missing:
            with suppress(OSError):
                path.rmdir()
        raise


def _metadata(options: RunOptions) -> dict[str, Any]:
    """What the options say to every task. The embedded model is for trying things out: alone it asks no Hub for data."""
    chosen = options.data_dir or ("fixtures" if options.model in DEFAULT_ADAPTERS else None)
    return {
        "lexicon": options.lexicon,
        "control": str(options.control) if options.control else None,
        "protocol": options.protocol,
        "seed": options.seed,
        "allow_leakage": options.allow_leakage,
        **({"data_dir": str(chosen)} if chosen else {}),
    }


def default_adapter(model: str, adapter: str | None) -> str | None:
    """What to attach: the adapter named, none for `none`, and the shipped one of a model that has one."""
    if adapter == "none":
        return None
    if adapter is None and model in DEFAULT_ADAPTERS:
        return str(data_dir("adapters") / DEFAULT_ADAPTERS[model])
    return adapter


def _describe(lm: Any) -> str:
    identity = lm.identity
    parts = [f"[bold]{escape(identity.id)}[/bold] ({escape(identity.revision)})", identity.dtype]
    if identity.quantization:
        parts.append(identity.quantization)
    if identity.adapter:
        parts.append(f"adapter [bold]{escape(identity.adapter.name)}[/bold] ({identity.adapter.sha256[:8]})")
    else:
        parts.append("no adapter")
    return ", ".join(parts)


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
