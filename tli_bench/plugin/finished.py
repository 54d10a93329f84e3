"""Downstream tasks that were finished before: found among the records of a run, and told in lm-eval's layout again."""

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from lm_eval.api.task import Task

from tli_bench.models.identity import BEFORE_AFTER, MeasuredModel, State
from tli_bench.plugin.both import add_base
from tli_bench.plugin.downstream_record import known_before
from tli_bench.plugin.downstream_tasks import AnswerTask
from tli_bench.records.downstream import read_downstream
from tli_bench.records.names import downstream_path
from tli_bench.records.schema import DownstreamRecord
from tli_bench.records.seal import ChangedRecordError

log = logging.getLogger(__name__)
_SAME = ("task_sha256", "versions")
"""What must agree besides all that a record's path is made of."""
_APART = {"asked", "config_source", "confirm", "measures", "allow_leakage", "trained_words", "audit"}
"""Metadata that changes nothing about what is asked: how it was asked, where the task's file lies, and options of words alone."""


def task_digest(task: Task, limit: int | None) -> str:
    """SHA-256 of a task's configuration, the documents that are scored, and its examples: what it asks, whatever it is called."""
    documents = list(task.eval_docs)[:limit]
    config = {name: value for name, value in task.dump_config().items() if name != "generation_kwargs"}
    config["metadata"] = {name: v for name, v in (config.get("metadata") or {}).items() if name not in _APART}
    examples = task.shots() if isinstance(task, AnswerTask) else []
    text = json.dumps([config, documents, examples], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def find_finished(
    root: Path, task: Task, model: MeasuredModel, *, limit: int | None, digest: str, asked: dict[str, Any]
) -> DownstreamRecord | None:
    """The record under `root` of the same task, asked in the same way of the same model by the same packages.

    One that was changed after it was written is not used again: a warning names it. Raises ResultError for one that cannot be read.
    """
    known = known_before(task, model, limit=limit, digest=digest)
    states = BEFORE_AFTER if model.adapter else BEFORE_AFTER[:1]
    scores: dict[State, dict[str, float | None]] = {state: {} for state in states}
    expected = DownstreamRecord(**known, **asked, documents=1, scores=scores, higher_is_better={}, created="")
    path = downstream_path(root, expected)
    if not path.is_file():
        return None
    try:
        found = read_downstream(path)
    except ChangedRecordError as err:
        log.warning("%s. It is not used: the task is run again.", err)
        return None
    return found if all(getattr(found, name) == getattr(expected, name) for name in _SAME) else None


def results_of_record(record: DownstreamRecord, task: Task, asked: dict[str, Any]) -> dict[str, Any]:
    """The part of an lm-eval results dictionary that a task's record determines: all but standard errors."""
    rows = {
        state: {_key(name): _number(value) for name, value in scores.items()} for state, scores in record.scores.items()
    }
    config = task.dump_config()
    if asked:
        config["metadata"] = {**(config.get("metadata") or {}), "asked": asked}
    if record.engine:
        config["metadata"] = {**(config.get("metadata") or {}), "engine": record.engine}
    found = {
        "results": {record.task: {"alias": record.task, **rows["adapted" if record.adapter else "base"]}},
        "versions": {record.task: record.task_version},
        "n-shot": {record.task: record.num_fewshot},
        "higher_is_better": {record.task: {name.partition(",")[0]: up for name, up in record.higher_is_better.items()}},
        "n-samples": {record.task: {"original": len(list(task.eval_docs)), "effective": record.documents}},
        "configs": {record.task: config},
    }
    if record.adapter:
        add_base(found, {"results": {record.task: rows["base"]}}, record.task)
    return found


def _key(name: str) -> str:
    """What lm-eval calls a metric of a record, which leaves out the filter that does nothing."""
    return name if "," in name else f"{name},none"


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
