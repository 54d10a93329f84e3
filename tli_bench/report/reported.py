"""Published figures, with their source: shown apart from measured rows and never ranked with them."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tli_bench.base.errors import ResultError, reason_of
from tli_bench.base.yamls import load_yaml


class Source(BaseModel):
    """Where a figure was published."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1, max_length=300)
    url: str = Field(pattern=r"^https://[\w./%-]+$", max_length=300)
    year: int = Field(ge=1990, le=2100)
    recomputed: bool = False
    """True where the figure is recomputed from the authors' published per-pair values, not printed in the text."""


class Reported(BaseModel):
    """One published figure. before: of the base model; value: what was reported, after training where there is a before."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    model: str = Field(max_length=200)
    method: str = Field(max_length=200)
    pair: str = Field(max_length=50)
    split: str = Field(max_length=40)
    quantity: str = Field(max_length=100)
    protocol: str = Field(max_length=100)
    layer: str = Field(max_length=20)
    n: int | None = Field(default=None, ge=1)
    before: float | None = None
    value: float
    ci: tuple[float, float] | None = None
    p: float | None = Field(default=None, ge=0, le=1)
    note: str = Field(default="", max_length=500)
    source: Source


def load_reported(path: Path) -> list[Reported]:
    """Reported rows from YAML (a list under `rows`); raises ResultError naming the row and the field."""
    try:
        data = load_yaml(path)
    except (OSError, ValueError) as err:
        raise ResultError(f"{path}: {reason_of(err)}") from err
    if not isinstance(data, dict) or not isinstance(data.get("rows"), list):
        raise ResultError(f"{path}: expected a list of figures under `rows`")
    rows = []
    for i, row in enumerate(data["rows"], start=1):
        try:
            rows.append(Reported.model_validate(row))
        except ValidationError as err:
            first = err.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "row"
            raise ResultError(f"{path}: row {i}: {place}: {first['msg']}") from err
    return rows
