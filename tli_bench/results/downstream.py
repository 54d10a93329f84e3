"""Records of downstream tasks (`downstream/<task>/*.json` beside the alignment records), as task scores."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from tli_bench.errors import ResultError
from tli_bench.results.lm_eval import TaskScore
from tli_bench.results.wording import visible
from tli_bench.schema import AdapterRef

FOLDER = "downstream"
# Small samples that ship with the project: they show that a task runs, and are never a benchmark.
_SAMPLES = "fixtures:"


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    schema_version: int
    task: str
    task_version: int
    source: str
    documents: int
    limit: int | None
    model: str
    revision: str
    adapter: AdapterRef | None
    scores: dict[str, dict[str, float | None]]
    higher_is_better: dict[str, bool] = {}


def is_downstream(path: Path) -> bool:
    """Whether a file lies where downstream records are kept."""
    return path.parent.parent.name == FOLDER


def downstream_scores(root: Path) -> Iterator[TaskScore]:
    """Scores of every downstream record under a folder, base and adapted apart; those of samples are passed over.

    Raises ResultError naming file and field.
    """
    for path in sorted(root.rglob("*.json")):
        if is_downstream(path):
            yield from _read(path)


def _read(path: Path) -> Iterator[TaskScore]:
    try:
        record = _File.model_validate_json(path.read_bytes())
    except ValidationError as err:
        first = err.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "record"
        raise ResultError(visible(f"{path}: {place}: {first['msg']}", limit=600)) from err
    except OSError as err:
        raise ResultError(f"{path}: {err}") from err
    if record.schema_version != 1:
        raise ResultError(f"{path}: schema version {record.schema_version} is unknown; this tli-bench reads 1")
    if record.source.startswith(_SAMPLES):
        return
    for state, metrics in record.scores.items():
        adapter = record.adapter if state == "adapted" else None
        for metric, value in metrics.items():
            yield TaskScore(
                model=record.model,
                adapter=adapter.name if adapter else None,
                task=record.task,
                metric=metric,
                filter="none",
                value=value,
                stderr=None,
                higher_is_better=record.higher_is_better.get(metric),
                version=str(record.task_version),
                n=record.documents,
                limit=record.limit,
                where=str(path),
                revision=record.revision,
                adapter_sha256=adapter.sha256 if adapter else None,
            )
