"""The record of one downstream task of one model, from lm-eval's results."""

from collections.abc import Mapping
from typing import Any

from datasets import Dataset
from lm_eval.api.task import Task

from tli_bench.base.versions import package_versions
from tli_bench.downstream.sources import UNKNOWN, commit_of, marked
from tli_bench.models.identity import MeasuredModel, State
from tli_bench.plugin.downstream_tasks import EmbeddedTask
from tli_bench.plugin.provenance import Provenance
from tli_bench.records.schema import Curve, DownstreamRecord


def record_of(
    results: Mapping[str, Any],
    task: Task,
    model: MeasuredModel,
    *,
    limit: int | None = None,
    digest: str | None = None,
    provenance: Provenance | None = None,
) -> DownstreamRecord:
    """The record of `evaluate_both`'s results for one task, ours or lm-eval's own.

    A metric that lm-eval reads through a filter other than `none` is called `metric,filter`. digest: `finished.task_digest`.
    """
    name = str(task.config.task)
    numbers = {_split(key): _number(value) for key, value in results["results"][name].items() if "," in key}
    metrics = [key for key in numbers if not key[0].endswith(("_stderr", "_base", "_change"))]
    scored: State = "adapted" if model.adapter else "base"
    scores: dict[State, dict[str, float | None]] = {scored: {_joined(*key): numbers[key] for key in metrics}}
    if model.adapter:
        found = {(metric, chosen): (f"{metric}_base", chosen) for metric, chosen in metrics}
        scores["base"] = {_joined(*key): numbers[base] for key, base in found.items() if base in numbers}
    better = results["higher_is_better"].get(name, {})
    asked = (results.get("configs", {}).get(name, {}).get("metadata") or {}).get("asked") or {}
    layers, curves = _curves(task)
    return DownstreamRecord(
        **known_before(task, model, limit=limit, digest=digest),
        **asked,
        documents=int(results["n-samples"][name]["effective"]),
        scores=scores,
        higher_is_better={_joined(*key): bool(better[key[0]]) for key in metrics if better.get(key[0]) is not None},
        layers=layers,
        curves=curves,
        **(provenance or Provenance()).fields(),
    )


def known_before(task: Task, model: MeasuredModel, *, limit: int | None, digest: str | None) -> dict[str, Any]:
    """What a record says of its task and model, all of which is known before it is run."""
    return {
        "task": str(task.config.task),
        "task_version": task.VERSION if isinstance(task.VERSION, int | float) else None,
        "source": source_of(task),
        "limit": limit,
        "model": model.id,
        "revision": model.revision,
        "adapter": model.adapter,
        "dtype": model.dtype,
        "quantization": model.quantization,
        "engine": model.engine,
        "task_sha256": digest,
        "versions": package_versions(),
    }


def source_of(task: Task) -> str:
    """Where a task's documents come from: what ours say, or the data set of lm-eval's own task with the commit that was read."""
    if stated := (task.config.metadata or {}).get("source"):
        return str(stated)
    path = task.config.dataset_path
    splits = getattr(task, "dataset", None)
    read = next(iter(splits.values()), None) if isinstance(splits, Mapping) else None
    commit = commit_of(read) if isinstance(read, Dataset) else UNKNOWN
    if path is None or commit == UNKNOWN:
        return str(path or UNKNOWN)
    asked = str((task.config.dataset_kwargs or {}).get("revision") or "main")
    return f"hf:{path}/{task.config.dataset_name or 'default'}@{marked(commit, asked)}"


def _curves(task: Task) -> tuple[tuple[str, ...], dict[State, dict[str, Curve]]]:
    measured = task.last if isinstance(task, EmbeddedTask) else None
    if measured is None:
        return (), {}
    return measured.layers, {
        state: {name: [_number(value) for value in curve] for name, curve in curves.items()}
        for state, curves in measured.curves.items()
    }


def _split(key: str) -> tuple[str, str]:
    metric, _, chosen = key.partition(",")
    return metric, chosen


def _joined(metric: str, chosen: str) -> str:
    return metric if chosen == "none" else f"{metric},{chosen}"


def _number(value: Any) -> float | None:
    number = float(value) if isinstance(value, int | float) else None
    return None if number is None or number != number or abs(number) == float("inf") else number
