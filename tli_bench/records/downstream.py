"""Records of downstream tasks, `downstream/<task>/*.json` next to the alignment records: writing, reading, task scores."""

from collections.abc import Iterator
from pathlib import Path, PurePath

from tli_bench.base.errors import ResultError
from tli_bench.base.files import write_bytes
from tli_bench.base.wording import visible
from tli_bench.records.disk import json_files, json_object, read_bytes
from tli_bench.records.downstream_record import DownstreamRecord
from tli_bench.records.lm_eval import TaskScore
from tli_bench.records.names import DOWNSTREAM, downstream_path
from tli_bench.records.parsing import parse_downstream
from tli_bench.records.seal import sealed_json, unsealed


def is_downstream(path: PurePath) -> bool:
    """Whether a file lies where downstream records are kept."""
    return path.parent.parent.name == DOWNSTREAM


def write_downstream(root: Path, record: DownstreamRecord) -> Path:
    """Write one record with its hash, atomically, and return its path; raises OutputError."""
    path = downstream_path(root, record)
    write_bytes(path, sealed_json(record))
    return path


def read_downstream(path: Path) -> DownstreamRecord:
    """A record from a file that may come from anyone; raises ResultError naming file and field."""
    return downstream_from_json(read_bytes(path), where=str(path))


def downstream_from_json(raw: bytes, *, where: str) -> DownstreamRecord:
    """A record from JSON text, its hash checked; raises ResultError naming `where` and the field."""
    try:
        body = unsealed(raw, where=where)
        return parse_downstream(body if isinstance(body, dict) else json_object(body, where), where=where)
    except ResultError as err:
        raise type(err)(visible(str(err), limit=600)) from err


def downstream_paths(root: Path) -> list[Path]:
    """Every downstream record file under a folder, in sorted order."""
    return [path for path in json_files(root) if is_downstream(path) and not path.name.startswith(".")]


def iter_downstream(root: Path) -> Iterator[DownstreamRecord]:
    """The downstream records under a folder, one after another; raises ResultError for one that is damaged."""
    return (read_downstream(path) for path in downstream_paths(root))


def downstream_scores(root: Path) -> Iterator[TaskScore]:
    """Scores of every downstream record under a folder, base and adapted separately; records of the small samples are skipped.

    Raises ResultError naming file and field.
    """
    for path in downstream_paths(root):
        yield from task_scores(read_downstream(path), where=str(path))


def task_scores(record: DownstreamRecord, *, where: str) -> Iterator[TaskScore]:
    """Scores of one downstream record, base and adapted separately; none of a record of the small samples."""
    for state, metrics in record.scores.items() if not record.fixtures else ():
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
                version=None if record.task_version is None else str(record.task_version),
                n=record.documents,
                limit=record.limit,
                where=where,
                revision=record.revision,
                adapter_sha256=adapter.sha256 if adapter else None,
                dtype=record.dtype,
                quantization=record.quantization,
                chat_template=record.chat_template,
                num_fewshot=record.num_fewshot,
                fewshot_source=record.fewshot_source,
                system_prompt=record.system_prompt,
                engine=record.engine,
            )
