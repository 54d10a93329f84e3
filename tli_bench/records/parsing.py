"""Records from untrusted JSON data, of this schema version or of an older one."""

from typing import Any, TypeVar

from pydantic import ValidationError

from tli_bench.base.errors import ResultError
from tli_bench.records.downstream_record import DownstreamRecord
from tli_bench.records.migrate import DOWNSTREAM_STEPS, RUN_STEPS, Step, migrate
from tli_bench.records.run_record import RunRecord

_Model = TypeVar("_Model", RunRecord, DownstreamRecord)


def parse_record(data: dict[str, Any], *, where: str) -> RunRecord:
    """A validated alignment record; `where` names the file in the error.

    Raises ResultError for an unknown schema version or an invalid field.
    """
    return _parse(RunRecord, data, where, RUN_STEPS)


def parse_downstream(data: dict[str, Any], *, where: str) -> DownstreamRecord:
    """A validated downstream record; otherwise as `parse_record`."""
    return _parse(DownstreamRecord, data, where, DOWNSTREAM_STEPS)


def _parse(kind: type[_Model], data: dict[str, Any], where: str, steps: dict[int, Step]) -> _Model:
    try:
        return kind.model_validate(migrate(data, where=where, steps=steps))
    except ValidationError as err:
        first = err.errors()[0]
        place = ".".join(str(p) for p in first["loc"]) or "record"
        raise ResultError(f"{where}: {place}: {first['msg']}") from err
