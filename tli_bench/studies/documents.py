"""Downstream outcomes of one trained model: the metric as the task gives it, and its pseudo-values over documents."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tli_bench.base.errors import InputError
from tli_bench.config.run import RunConfig
from tli_bench.downstream.embedded import EmbeddedSpec, Item, Measured
from tli_bench.downstream.spec import mean
from tli_bench.models import LoadedModel
from tli_bench.models.adapters import detach_adapter
from tli_bench.plugin.downstream_tasks import AnswerTask, DownstreamTask, EmbeddedTask
from tli_bench.plugin.finished import task_digest
from tli_bench.plugin.lm import TLIModel
from tli_bench.plugin.prompting import Prompting
from tli_bench.plugin.scoring import open_model, read_documents, tasks_of
from tli_bench.stats.arrays import Floats
from tli_bench.studies.design import Design
from tli_bench.studies.points import Asked, Column, rounded
from tli_bench.vectors.cache import StateCache

GENERATION_BATCH = 16
Answered = list[tuple[Any, dict[str, Any]]]
"""Documents of one task with their scores."""


def config_of(design: Design, model: str, adapter: str, data_dir: Path | None) -> RunConfig:
    """The run that asks a model all of a study's tasks; raises UnknownNameError for a task that there is none of."""
    options: dict[str, Any] = {
        "model": model, "adapter": adapter, "twin": "none", "placebo": 0, "tasks": list(design.tasks), "data_dir": data_dir,
        "limit": design.document_limit, "chat_template": design.chat_template, "output": None,
    }  # fmt: skip
    return RunConfig.build({name: value for name, value in options.items() if value is not None or name == "output"})


def asked_digest(design: Design, model: str, data_dir: Path | None) -> str:
    """SHA-256 of what is asked beyond words: tasks with their documents, and placebos; raises DataError for missing documents."""
    said: list[Any] = [
        design.placebos,
        design.chat_template,
        [o.model_dump(mode="json") for o in design.outcomes if o.tasks],
    ]
    if design.tasks:
        tasks = tasks_of(config_of(design, model, "none", data_dir))
        read_documents(tasks)
        said += [[name, task_digest(task, design.document_limit)] for name, task in tasks.items()]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def ask(
    design: Design, loaded: LoadedModel, *, adapter: Path | None, key: str, data_dir: Path | None, cache: StateCache
) -> Asked:
    """Every task of the design with a model, or with an adapter on it; raises InputError for a metric that a task does not have.

    cache: of states that were seen before, the base's among them, which runs with every adapter of it.
    """
    config = config_of(design, loaded.id, str(adapter) if adapter else "none", data_dir)
    tasks = tasks_of(config)
    read_documents(tasks)
    lm = open_model(config, loaded)
    lm.vectors.cache = cache
    found, asked = Asked(key=key, seconds=0.0), {}
    for name, task in tasks.items():
        if not isinstance(task, DownstreamTask):
            raise InputError(f"task {name} is not a downstream task; give word pairs as `scored` and a `measure`")
        asked[name] = task
    # Tasks that embed share texts, which run once when all are asked together; answers that are written are asked task by task.
    embedded = {name: task for name, task in asked.items() if isinstance(task, EmbeddedTask)}
    groups = [embedded, *({name: task} for name, task in asked.items() if name not in embedded)]
    try:
        for group in filter(None, groups):
            answered = _answered(lm, group, design.document_limit, Prompting.of(config))
            for name, task in group.items():
                _score(task, name, design, answered.pop(name), found)
    finally:
        detach_adapter(lm.model, loaded)
    return found


def _score(task: DownstreamTask, name: str, design: Design, answered: Answered, found: Asked) -> None:
    wanted = [outcome for outcome in design.outcomes if name in outcome.tasks]
    found.sources[name] = task.source
    pool = [next(iter(scores.values())) for _, scores in answered] if isinstance(task, EmbeddedTask) else []
    measured = task.spec.measure(pool) if isinstance(task, EmbeddedTask) else None
    for outcome in wanted:
        if measured is not None and isinstance(task, EmbeddedTask):
            value, column = _of_pool(task.spec, pool, measured, outcome.metric, name)
        else:
            value, column = _of_answers(task, answered, outcome.metric, name)
        found.values.setdefault(outcome.name, {})[name] = value
        if column is not None:
            found.columns.setdefault(outcome.name, {})[name] = column
    task.forget()


def _answered(
    lm: TLIModel, tasks: Mapping[str, DownstreamTask], limit: int | None, prompting: Prompting
) -> dict[str, Answered]:
    """Each document of each task with its scores, in order, asked as lm-eval asks."""
    asked: list[tuple[str, Any]] = []
    for name, task in tasks.items():
        templated = prompting.templated(lm, task)
        task.build_all_requests(
            limit=limit, rank=0, world_size=1, apply_chat_template=templated, fewshot_as_multiturn=True, system_instruction=None,
            chat_template=lm.apply_chat_template if templated else None,
        )  # fmt: skip
        asked += [(name, instance) for instance in task.instances]
    kept = lm.batch_size_per_gpu
    writes = any(isinstance(task, AnswerTask) for task in tasks.values())
    lm.batch_size_per_gpu = min(kept, GENERATION_BATCH) if writes else kept
    answers: dict[tuple[str, int], dict[int, Any]] = {}
    docs: dict[tuple[str, int], Any] = {}
    try:
        for kind in dict.fromkeys(instance.request_type for _, instance in asked):
            those = [(name, instance) for name, instance in asked if instance.request_type == kind]
            given = getattr(lm, kind)([instance for _, instance in those], disable_tqdm=True)
            for (name, instance), answer in zip(those, given, strict=True):
                answers.setdefault((name, instance.doc_id), {})[instance.idx] = answer
                docs[name, instance.doc_id] = instance.doc
    finally:
        lm.batch_size_per_gpu = kept
    found: dict[str, Answered] = {name: [] for name in tasks}
    for name, number in sorted(answers):
        doc, given = docs[name, number], answers[name, number]
        found[name].append((doc, tasks[name].process_results(doc, [given[i] for i in sorted(given)])))
    return found


def _of_answers(
    task: DownstreamTask, answered: Sequence[tuple[Any, dict[str, Any]]], metric: str, name: str
) -> tuple[float, Column]:
    """A metric over documents with delete-one-document pseudo-values, which are the documents' own values where it is a mean."""
    metrics = task.spec.METRICS if isinstance(task, AnswerTask) else {}
    if metric not in metrics:
        raise InputError(
            f"task {name} has no metric {metric!r}; it has {', '.join(metrics) or 'none of single documents'}"
        )
    values = [scores[metric] for _, scores in answered]
    aggregate = metrics[metric].aggregate
    ids = tuple(str(doc.get("id", number)) for number, (doc, _) in enumerate(answered))
    phi = np.array(values, dtype=np.float64) if aggregate is mean else jackknife(values, aggregate)
    return float(aggregate(values)), Column(ids=ids, values=rounded(phi))


def jackknife(items: Sequence[Any], aggregate: Callable[[Sequence[Any]], float]) -> Floats:
    """Delete-one pseudo-values `[n]` of an aggregate over items, shifted so that their mean is the aggregate itself."""
    n, whole = len(items), aggregate(items)
    apart = np.array([n * whole - (n - 1) * aggregate([*items[:i], *items[i + 1 :]]) for i in range(n)])
    return np.asarray(whole + apart - apart.mean())


def _of_pool(
    spec: EmbeddedSpec, pool: Sequence[Item], measured: Measured, metric: str, name: str
) -> tuple[float | None, Column | None]:
    """A metric of a ranking, and each question's own where candidates stay in the pool without their question.

    The layer is chosen on the documents at even positions and read on the others, as the task itself does. Questions about one
    paragraph count as one. No column where the documents are each other's candidates: then none has a value of its own.
    """
    if metric not in measured.headlines:
        raise InputError(f"task {name} has no metric {metric!r}; it has {', '.join(spec.MEASURES)}")
    value = measured.headlines[metric]
    told = None if value != value else float(value)
    items = sorted(pool, key=lambda item: item[0]["position"])
    if metric not in spec.MEASURES:
        return told, None
    state = tuple(measured.curves)[-1]
    each = spec.score_each(spec.half(items, 1), state, measured.best[state])
    if not each:
        return told, None
    paragraphs = _paragraphs([doc for doc, _ in items])
    ids = tuple(paragraphs[doc["position"]] for doc, _ in each)
    return told, Column(ids=ids, values=rounded([scores[metric] for _, scores in each]))


def _paragraphs(docs: Sequence[Any]) -> dict[int, str]:
    """By position, the first question about the same paragraph: the first lists all of its places, later ones some of them."""
    first: dict[str, int] = {}
    found = {}
    for doc in docs:
        known = next((first[place] for place in doc["places"] if place in first), doc["position"])
        found[doc["position"]] = str(known)
        for place in doc["places"]:
            first.setdefault(place, known)
    return found
