"""Run units through lm-eval one after another: each is written when it is done, and a second run does only what is missing."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lm_eval import evaluate, simple_evaluate
from lm_eval.api.task import Task
from lm_eval.tasks import TaskManager

from tli_bench.plugin.asking import Asked
from tli_bench.plugin.both import evaluate_both
from tli_bench.plugin.downstream_record import record_of
from tli_bench.plugin.downstream_tasks import DownstreamTask
from tli_bench.plugin.engine import EngineModel
from tli_bench.plugin.finished import find_finished, results_of_record, task_digest
from tli_bench.plugin.kept_answers import forget_answers
from tli_bench.plugin.lm import TLIModel
from tli_bench.plugin.prompting import Prompting
from tli_bench.plugin.provenance import Provenance
from tli_bench.plugin.quiet_git import asking_git_only_where_it_is
from tli_bench.plugin.results import merge_results, results_of
from tli_bench.plugin.tasks import HiddenStatesTask
from tli_bench.records import RecordStore
from tli_bench.records.downstream import write_downstream
from tli_bench.records.schema import DownstreamRecord, RunRecord

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Callbacks for the progress of a run: for each unit, with its record and whether it was reused; for each other task
    when it is done; for each task when it starts; and for the words done so far, of how many, in the current passes.
    """

    on_unit: Callable[[RunRecord, bool], None] = lambda record, reused: None
    on_task: Callable[[str], None] = lambda name: None
    on_start: Callable[[str], None] = lambda name: None
    on_words: Callable[[int, int], None] | None = None


@dataclass(slots=True)
class RunResult:
    """Records of our units and of other tasks in order, and one results dictionary in lm-eval's layout for all tasks.

    samples: of tasks other than ours that were run, not read back, each document in lm-eval's layout, where they were asked for.
    """

    records: list[RunRecord] = field(default_factory=list)
    downstream: list[DownstreamRecord] = field(default_factory=list)
    results: dict[str, Any] = field(default_factory=dict)
    samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    reused: list[str] = field(default_factory=list)


def run_tasks(
    lm: TLIModel | EngineModel,
    tasks: dict[str, Task],
    *,
    limit: int | None = None,
    prompting: Prompting | None = None,
    recipe: dict[str, Any] | None = None,
    store: RecordStore | None = None,
    watch: Watch | None = None,
    again: bool = False,
    samples: bool = False,
) -> RunResult:
    """Evaluate every task with lm-eval's `simple_evaluate`, writing each record to `store` as it is made.

    A unit is a task under one protocol. One that `store` already holds, measured under the same conditions and with all
    measures that are asked for, is read back instead of run. Any other task is scored for base and adapted model; its
    record goes to `downstream/` in the store, and is read back likewise. prompting: how those are asked. recipe: all options
    of the run, for its records. again: read nothing back, and replace what is there. samples: keep the documents of other tasks.
    """
    outcome, watch = RunResult(), watch or Watch()
    made = Provenance(recipe=recipe)
    for name, task in tasks.items():
        watch.on_start(name)
        if isinstance(task, HiddenStatesTask):
            assert isinstance(lm, TLIModel), "an engine is asked, and reads no states"
            _run_units(lm, name, task, outcome, limit=limit, store=store, made=made, watch=watch, again=again)
            continue
        way = _Way(prompting=prompting or Prompting(), made=made, limit=limit, again=again, samples=samples)
        _run_task(lm, name, task, outcome, way, store=store)
        watch.on_task(name)
    return outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How a task other than ours is run."""

    prompting: Prompting
    made: Provenance
    limit: int | None
    again: bool
    samples: bool


def _run_task(lm: Asked, name: str, task: Task, outcome: RunResult, way: _Way, *, store: RecordStore | None) -> None:
    """A task other than ours on words: read back when it was finished before, else run, from the answers that were kept."""
    prompting, limit = way.prompting, way.limit
    prompting.prepare(task)
    digest, asked = task_digest(task, limit), prompting.asked(lm, task)
    root = store.root if store else None
    kept = None if way.again else root
    record = kept and find_finished(kept, task, lm.identity, limit=limit, digest=digest, asked=asked)
    if record:
        merge_results(outcome.results, results_of_record(record, task, asked))
        outcome.reused.append(name)
        if root:
            forget_answers(root, name, of=lm)  # which a run that was killed once it had written the record left
    else:
        found = evaluate_both(lm, task, limit, prompting=prompting, keep=root, samples=way.samples)
        outcome.samples |= found.pop("samples", {})
        merge_results(outcome.results, found)
        record = record_of(found, task, lm.identity, limit=limit, digest=digest, provenance=way.made)
        if root:
            write_downstream(root, record)
            forget_answers(root, name)
    outcome.downstream.append(record)
    if isinstance(task, DownstreamTask):
        task.forget()


def _run_units(
    lm: TLIModel,
    name: str,
    task: HiddenStatesTask,
    outcome: RunResult,
    *,
    limit: int | None,
    store: RecordStore | None,
    made: Provenance,
    watch: Watch,
    again: bool,
) -> None:
    kept = task.scored.finished(None if again else store, name, lm.identity, limit)
    records = [record for record in kept if record is not None]
    if len(records) < len(kept):
        # What `simple_evaluate` adds (versions, environment, time) concerns the whole run: once is enough.
        told = bool(outcome.results.get("config"))
        merge_results(outcome.results, _evaluate_again(lm, task, limit) if told else _evaluate(lm, task, limit))
        fresh = task.records(limit=limit, provenance=made)
        task.forget()
        records = [old or new for old, new in zip(kept, fresh, strict=True)]
    else:
        merge_results(outcome.results, results_of(records, task.scored, task.dump_config()))
        outcome.reused.append(name)
    for record, old in zip(records, kept, strict=True):
        if store and old is None:
            store.write(record)
        outcome.records.append(record)
        watch.on_unit(record, old is not None)


def _evaluate(lm: TLIModel, task: HiddenStatesTask, limit: int | None) -> dict[str, Any]:
    # An empty manager: the task is given as an object, and the default one would index every stock task.
    manager = TaskManager(include_defaults=False)
    with asking_git_only_where_it_is():
        found = simple_evaluate(
            model=lm.for_words(), tasks=[task], task_manager=manager, limit=limit, bootstrap_iters=0, log_samples=False
        )
    return dict(found)


def _evaluate_again(lm: TLIModel, task: HiddenStatesTask, limit: int | None) -> dict[str, Any]:
    found = evaluate(
        lm=lm.for_words(), task_dict={task.config.task: task}, limit=limit, bootstrap_iters=0, log_samples=False
    )
    return dict(found)
