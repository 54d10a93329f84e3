"""From a `RunConfig` to scores: the one path that the command line and `tli_bench.score` share."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lm_eval.api.task import Task

from tli_bench.config.run import NO_ADAPTER, QUANTIZATIONS, RunConfig, write_config
from tli_bench.downstream.errors import DataError
from tli_bench.evaluate.corrections import as_json as tests_as_json
from tli_bench.evaluate.corrections import corrected
from tli_bench.evaluate.overall import as_json, overall
from tli_bench.languages import DEFAULT_PAIRS
from tli_bench.lexicon.readers.names import pair_in_name
from tli_bench.models import LoadedModel
from tli_bench.plugin.catalog import default_tasks, load_tasks
from tli_bench.plugin.checks import check
from tli_bench.plugin.downstream_tasks import AnswerTask, DownstreamTask
from tli_bench.plugin.lm import TLIModel
from tli_bench.plugin.prompting import Prompting
from tli_bench.plugin.run import RunResult, Watch, run_tasks, tidy
from tli_bench.plugin.tasks import HiddenStatesTask
from tli_bench.records import RecordStore, write_json
from tli_bench.records.schema import RunRecord
from tli_bench.vectors.protocols import get_protocols


def tasks_of(config: RunConfig) -> dict[str, Task]:
    """The tasks of a run by name, checked, but with nothing read; raises as `check` and `load_tasks` do."""
    check(config)
    tasks = load_tasks(list(config.tasks) or default_tasks(_pairs(config)), metadata=config.metadata())
    for task in tasks.values():
        Prompting.of(config).prepare(task)
    return tasks


def _pairs(config: RunConfig) -> tuple[str, ...]:
    """The pairs that were asked for, else the one that the name of the list states; none for the default pairs."""
    stated = None if config.pairs or config.tasks else pair_in_name(config.lexicon)
    return (stated,) if stated else config.pairs


def read_documents(tasks: dict[str, Task]) -> None:
    """Read words, documents and examples now: missing, malformed or leaking ones must be reported before the model is loaded."""
    for reason in unreadable(tasks).values():
        raise reason


def unreadable(tasks: dict[str, Task]) -> dict[str, DataError]:
    """As `read_documents`, but a downstream task whose documents cannot be read is returned with the reason, not raised."""
    found = {}
    for name, task in tasks.items():
        if isinstance(task, HiddenStatesTask):
            _ = task.lexicon
        elif isinstance(task, DownstreamTask):
            try:
                task.test_docs()
                if isinstance(task, AnswerTask):
                    task.shots()
            except DataError as err:
                found[name] = err
    return found


def units(config: RunConfig, tasks: dict[str, Task]) -> int:
    """How many scorings a run consists of: one per task and protocol for ours, one for any other task."""
    protocols = len(get_protocols(config.protocol))
    return sum(protocols if isinstance(task, HiddenStatesTask) else 1 for task in tasks.values())


def open_model(config: RunConfig, loaded: LoadedModel | None = None) -> TLIModel:
    """The model of a run with its adapter. loaded: a base that is already in memory, instead of the one named."""
    arguments = config.arguments()
    return TLIModel(**(arguments if loaded is None else arguments | {"pretrained": loaded}))


def score_tasks(config: RunConfig, lm: TLIModel, tasks: dict[str, Task], watch: Watch | None = None) -> RunResult:
    """Score every task; records go to the run's output folder, where it has one, as each is done."""
    lm.progress = lm.vectors.progress = watch.on_words if watch else None
    store = None if config.output is None else RecordStore(config.output)
    recipe, prompting = resolved(config, lm).to_dict(), Prompting.of(config)
    prompting.require_template(lm)
    return run_tasks(lm, tasks, limit=config.limit, prompting=prompting, recipe=recipe, store=store, watch=watch)


def write_run(config: RunConfig, results: Mapping[str, Any], records: Sequence[RunRecord], folder: Path) -> Path:
    """Write lm-eval's results, with what is concluded over all `records`, and the run's recipe; returns the path of the results.

    config: as returned by `resolved`.
    """
    path = folder / f"results_{time.strftime('%Y-%m-%dT%H-%M-%S')}.json"
    recipe = replace(config, output=folder)
    concluded = {"tli_overall": as_json(overall(records)), "tli_corrections": tests_as_json(corrected(records))}
    write_json(path, tidy({**results, **concluded, "tli_run": recipe.to_dict()}))
    write_config(recipe, folder)
    return path


def resolved(config: RunConfig, lm: TLIModel) -> RunConfig:
    """The configuration with everything filled in that was left to the machine or to a default, so that the run can be repeated."""
    identity, chosen = lm.identity, config.chosen()
    return replace(
        chosen,
        adapter=chosen.adapter or NO_ADAPTER,
        pairs=_pairs(chosen) or (() if chosen.tasks else tuple(DEFAULT_PAIRS)),
        dtype=identity.dtype,
        # A GGUF file is quantised by itself, which is not an option.
        quantize=identity.quantization if identity.quantization in QUANTIZATIONS else "none",
        device=str(lm.device),
        # The fingerprint of a folder's files is not a revision that can be asked for.
        revision=chosen.revision if ":" in identity.revision else identity.revision,
    )
