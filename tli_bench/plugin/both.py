"""Any lm-eval task scored for base and adapter on the one loaded model; the adapter is switched off, never merged."""

from pathlib import Path
from typing import Any

from lm_eval import evaluate
from lm_eval.api.task import Task

from tli_bench.base.errors import InputError
from tli_bench.plugin.asking import Asked, fitted
from tli_bench.plugin.kept_answers import keeping
from tli_bench.plugin.prompting import Prompting, asks

GENERATION_BATCH = 16
"""Prompts in a batch: documents are hundreds of times longer than the words that the model's batch size is meant for."""


def evaluate_both(
    lm: Asked,
    task: Task,
    limit: int | None = None,
    *,
    prompting: Prompting | None = None,
    batch_size: int = GENERATION_BATCH,
    keep: Path | None = None,
    samples: bool = False,
) -> dict[str, Any]:
    """lm-eval results of `task` in one dictionary, with base and adapter in it.

    Without an adapter these are lm-eval's own results. With one, each metric is the adapted model's,
    with `<metric>_base` and `<metric>_change` next to it, as in the alignment tasks. A task on hidden states runs
    once, since its answers hold both. `truncated_prompts` counts the prompts of which a part did not fit the model, and
    `shortened_examples` those that lost examples. prompting: how the task is asked; `metadata.asked` says what came of it.
    keep: folder of the run, in which answers are kept until the task is done (`kept_answers`). samples: put each document with its
    answer into `samples`, under the task's name, and the base's under `<task>.base` where there is an adapter.
    Raises InputError for a model that shares its work with other processes: only one of them would hold the scores.
    """
    name = str(task.config.task)
    if lm.world_size > 1:
        raise InputError(
            f"base and adapter are scored in one process, not {lm.world_size}; start without torchrun or accelerate, "
            "or run the task with `lm_eval run --model hf`, which scores one of them in several processes"
        )
    prompting = prompting or Prompting()
    prompting.require_template(lm)
    prompting.prepare(task)
    if not asks(task):
        return _run(lm, task, limit, prompting, samples=samples)
    with lm.for_prompts(batch_size):
        with keeping(lm, keep, name, "adapted" if lm.identity.adapter else "base") as asked:
            found = _run(asked, task, limit, prompting, samples=samples)
        _state(found, task, prompting.asked(lm, task), lm.identity.engine)
        _count(found, task, lm)
        if lm.identity.adapter is None:
            return found
        with lm.bare(), keeping(lm, keep, name, "base") as asked:
            base = _run(asked, task, limit, prompting, samples=samples)
    add_base(found, base, name)
    if samples:
        found["samples"][f"{name}.base"] = base["samples"][name]
    return found


def _run(lm: Asked, task: Task, limit: int | None, prompting: Prompting, *, samples: bool) -> dict[str, Any]:
    name = str(task.config.task)
    found = evaluate(
        lm=lm,
        task_dict={name: task},
        limit=limit,
        bootstrap_iters=0,
        log_samples=samples,
        apply_chat_template=prompting.templated(lm, task),
        fewshot_as_multiturn=True,
        system_instruction=prompting.system_prompt,
    )
    assert found is not None, "one process: its rank is 0"
    return dict(found)


def add_base(found: dict[str, Any], base: dict[str, Any], name: str) -> None:
    """Add the base's metrics and the changes to `found`; both: results of the task `name` in lm-eval's layout."""
    row, before = found["results"][name], base["results"][name]
    better = found["higher_is_better"].get(name, {})
    for key, value in list(row.items()):
        metric, comma, chosen = key.partition(",")
        other = before.get(key)
        if not comma or metric.endswith("_stderr") or not isinstance(value, float) or not isinstance(other, float):
            continue
        row[f"{metric}_base,{chosen}"] = other
        row[f"{metric}_change,{chosen}"] = value - other
        better |= {f"{metric}{suffix}": better.get(metric, True) for suffix in ("_base", "_change")}


def _state(found: dict[str, Any], task: Task, asked: dict[str, Any], engine: str | None) -> None:
    """State what a task of lm-eval's own was asked with, which ours state themselves, and of every task what answered."""
    config = found.setdefault("configs", {}).setdefault(str(task.config.task), {})
    config["metadata"] = {"asked": asked, **(config.get("metadata") or {}), **({"engine": engine} if engine else {})}


def _count(found: dict[str, Any], task: Task, lm: Asked) -> None:
    """Add how many distinct prompts were too long for the model to read and still generate its answer."""
    prompts = {item.args[0]: item for item in task.instances if item.request_type == "generate_until"}
    results = [fitted(lm, item) for item in prompts.values()]
    counts = {"truncated_prompts": sum(one.cut for one in results)}
    if task.config.num_fewshot:
        counts["shortened_examples"] = sum(one.dropped > 0 for one in results)
    name = str(task.config.task)
    found["results"][name] |= {f"{count},none": float(value) for count, value in counts.items()}
    found["higher_is_better"].setdefault(name, {}).update(dict.fromkeys(counts, False))
