"""Which commit of each data set on the Hub is read: `tasks/revisions.yaml`."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tli_bench.downstream.errors import DataError
from tli_bench.downstream.prompts import data_file

FILE = "revisions.yaml"


class Pin(BaseModel):
    """One set. branch: read where there is no `commit`, and asked for the next one; seen: where the commit was read (`from`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    branch: str = "main"
    commit: Annotated[str, Field(pattern="^[0-9a-f]{40}$")] | None = None
    seen: str | None = Field(default=None, alias="from")


@cache
def pins() -> Mapping[str, Pin]:
    """Every set by its id on the Hub; raises DataError naming file, set and field."""
    found = {}
    for ident, fields in data_file(FILE).items():
        try:
            found[ident] = Pin.model_validate(fields)
        except ValidationError as err:
            first = err.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise DataError(f"tasks/{FILE}: `{ident}.{field}`: {first['msg']}, got {first['input']!r:.60}") from err
    return found


def pin_of(ident: str) -> Pin:
    """What the file says of a set; the branch `main` for one that it does not name, as a task of another package may read."""
    return pins().get(ident, Pin())
