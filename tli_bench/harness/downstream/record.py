"""The record of one downstream task of one model, written beside the alignment records so that both can be joined."""

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from tli_bench.harness.downstream.errors import DataError
from tli_bench.harness.versions import package_versions
from tli_bench.results import write_json
from tli_bench.schema import AdapterRef

if TYPE_CHECKING:  # torch and lm-eval are not needed to read records
    from lm_eval.api.task import Task

    from tli_bench.harness.responses import MeasuredModel


class DownstreamRecord(BaseModel):
    """Scores of one task for base and, with an adapter, adapted model.

    source: where the documents came from (`fixtures:...` is never a benchmark). scores: by state, then metric; None
    marks what could not be scored. model, revision, adapter: as in the alignment records, which is what joins them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    schema_version: Literal[1] = 1
    task: str
    task_version: int
    source: str
    documents: int
    limit: int | None
    model: str
    revision: str
    adapter: AdapterRef | None
    dtype: str
    quantization: str | None
    scores: dict[str, dict[str, float | None]]
    higher_is_better: dict[str, bool]
    versions: dict[str, str]
    created: str


def record_of(
    results: Mapping[str, Any], task: "Task", model: "MeasuredModel", *, limit: int | None = None
) -> DownstreamRecord:
    """The record of `evaluate_both`'s results for one task, ours or lm-eval's own."""
    name = str(task.config.task)
    plain = {key.split(",")[0]: value for key, value in results["results"][name].items() if "," in key}
    numbers = {key: _number(value) for key, value in plain.items() if not key.endswith("_stderr")}
    metrics = [key for key in numbers if not key.endswith(("_base", "_change"))]
    scored = "adapted" if model.adapter else "base"
    scores = {scored: {key: numbers[key] for key in metrics}}
    if model.adapter:
        scores["base"] = {key: numbers[f"{key}_base"] for key in metrics if f"{key}_base" in numbers}
    better = results["higher_is_better"].get(name, {})
    version = task.VERSION if isinstance(task.VERSION, int) else 0
    return DownstreamRecord(
        task=name,
        task_version=version,
        source=str((task.config.metadata or {}).get("source") or task.config.dataset_path or "unknown"),
        documents=int(results["n-samples"][name]["effective"]),
        limit=limit,
        model=model.id,
        revision=model.revision,
        adapter=model.adapter,
        dtype=model.dtype,
        quantization=model.quantization,
        scores=scores,
        higher_is_better={key: bool(better[key]) for key in metrics if key in better},
        versions=package_versions(),
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


def write_record(record: DownstreamRecord, output: Path) -> Path:
    """Write the record atomically under `output/downstream/` and give its path; one file a task, model and adapter."""
    adapter = record.adapter.sha256[:8] if record.adapter else "base"
    model = "".join(char if char.isalnum() or char in "-." else "_" for char in record.model)[-60:]
    revision = "".join(char for char in record.revision if char.isalnum())[-8:]
    path = output / "downstream" / record.task / f"{model}-{revision}-{adapter}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, record.model_dump(mode="json"))
    return path


def read_record(path: Path) -> DownstreamRecord:
    """A record from its file; raises DataError naming it."""
    try:
        return DownstreamRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise DataError(f"{path}: not a downstream record ({err})") from err


def _number(value: Any) -> float | None:
    number = float(value) if isinstance(value, int | float) else None
    return None if number is None or number != number or abs(number) == float("inf") else number
