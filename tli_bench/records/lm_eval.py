"""Scores of any lm-eval task, read from its `results_*.json`, so that stock tasks can be shown next to ours."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tli_bench.base.errors import ResultError, reason_of
from tli_bench.base.jsons import read_json
from tli_bench.records.downstream_record import of_fixtures

RUN = "tli_run"
"""In a results file that a run of ours wrote: all its options. Its scores lie in records, which say more."""


@dataclass(frozen=True, slots=True)
class TaskScore:
    """One metric of one task. model: as it was named to lm-eval; adapter: the `peft` argument, None without one.

    value: None where lm-eval gave no finite number. filter: lm-eval's output filter, usually `none`.
    chat_template, num_fewshot, fewshot_source, system_prompt, engine: how the model was asked, as in our own downstream records.
    revision, adapter_sha256, dtype, quantization: where the file says so, as our own downstream records do; of a score without a dtype
    nobody says at which precision it was made.
    """

    model: str
    adapter: str | None
    task: str
    metric: str
    filter: str
    value: float | None
    stderr: float | None
    higher_is_better: bool | None
    version: str | None
    n: int | None
    limit: float | None
    where: str
    revision: str | None = None
    adapter_sha256: str | None = None
    dtype: str | None = None
    quantization: str | None = None
    chat_template: bool = False
    num_fewshot: int = 0
    fewshot_source: str | None = None
    system_prompt: str | None = None
    engine: str | None = None


def read_task_scores(path: Path) -> list[TaskScore]:
    """Every numeric metric of a results file, in its order, but for tasks that read the project's small samples.

    Raises ResultError naming the file and what is missing.
    """
    return scores_in(results_in(path), path)


def scores_in(data: dict[str, Any], path: Path) -> list[TaskScore]:
    """As `read_task_scores`, of what `results_in` gave."""
    config = _table(data, "config")
    model, adapter = _who(data, config)
    if model is None:
        raise ResultError(f"{path}: names no model; expected `model_name` or `config.model_args` with pretrained=...")
    scores: list[TaskScore] = []
    for task, metrics in data["results"].items():
        if not isinstance(metrics, dict):
            raise ResultError(f"{path}: results.{task} is a {type(metrics).__name__}, expected a table of metrics")
        meta = _table(_table(_table(data, "configs"), task), "metadata")
        if of_fixtures(str(meta.get("source"))):
            continue
        asked = _asked(data, meta, task)
        directions = _table(_table(data, "higher_is_better"), task)
        counts = _table(_table(data, "n-samples"), task)
        for key, value in metrics.items():
            name, _, filtered = key.partition(",")
            if name.endswith("_stderr") or isinstance(value, bool) or not isinstance(value, int | float):
                continue
            direction, count = directions.get(name), counts.get("effective")
            version = _table(data, "versions").get(task)
            scores.append(
                TaskScore(
                    model=model,
                    adapter=adapter,
                    task=task,
                    metric=name,
                    filter=filtered or "none",
                    value=_finite(value),
                    stderr=_finite(metrics.get(f"{name}_stderr,{filtered}")),
                    higher_is_better=direction if isinstance(direction, bool) else None,
                    version=None if version is None else str(version),
                    n=count if isinstance(count, int) else None,
                    limit=_finite(config.get("limit")),
                    where=str(path),
                    **asked,
                )
            )
    return scores


def results_in(path: Path) -> dict[str, Any]:
    """A results file of lm-eval as it is; raises ResultError where it is none."""
    try:
        data = read_json(path)
    except (OSError, ValueError) as err:
        raise ResultError(f"{path}: {reason_of(err)}") from err
    if not isinstance(data, dict) or not isinstance(data.get("results"), dict):
        raise ResultError(f"{path}: there is no `results` table in it; expected a results_*.json of lm-eval")
    return data


def _asked(data: dict[str, Any], meta: dict[str, Any], task: str) -> dict[str, Any]:
    """How a task was asked: as our tasks state it in their metadata, else by what lm-eval was told for all of them."""
    own, told = _table(meta, "asked"), _table(data, "n-shot").get(task)
    system, source = own.get("system_prompt", data.get("system_instruction")), own.get("fewshot_source")
    shots = own.get("num_fewshot", told)
    # A model of lm-eval's own is called after what runs it; `hf` is transformers, as ours are.
    engine = meta.get("engine") or ("vllm" if _table(data, "config").get("model") == "vllm" else None)
    return {
        "chat_template": bool(own.get("chat_template", data.get("chat_template"))),
        "num_fewshot": shots if isinstance(shots, int) else 0,
        "fewshot_source": source if isinstance(source, str) else None,
        "system_prompt": system if isinstance(system, str) and system else None,
        "engine": engine if isinstance(engine, str) else None,
    }


def _who(data: dict[str, Any], config: dict[str, Any]) -> tuple[str | None, str | None]:
    given = config.get("model_args")
    if isinstance(given, str):
        given = dict(part.split("=", 1) for part in given.split(",") if "=" in part)
    arguments = given if isinstance(given, dict) else {}
    adapter = arguments.get("adapter") or arguments.get("peft")
    for model in (arguments.get("pretrained"), data.get("model_name"), config.get("model")):
        if isinstance(model, str) and model:
            return model, str(adapter) if adapter else None
    return None, None


def _table(data: dict[str, Any], key: str) -> dict[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _finite(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
