"""What a study keeps: one file for each training, one for what was asked of it later, and the design as it was at the first point."""

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError

from tli_bench.base.errors import ResultError
from tli_bench.base.files import write_bytes, write_text
from tli_bench.base.frozen import Frozen
from tli_bench.base.jsons import parse_json, read_json
from tli_bench.records.seal import unchanged, with_hash
from tli_bench.studies.design import Design
from tli_bench.studies.settings import Job, Kind, Setting
from tli_bench.training.budget import Budget

MAX_BYTES = 64 * 1024 * 1024
"""Of a packed study, unpacked: a hundred trainings scored on fifteen pairs take a tenth of it."""
_DIGITS = 5


class Column(Frozen):
    """Pseudo-values of one outcome of one scope. ids: of concepts or documents, in order."""

    ids: tuple[str, ...]
    values: tuple[float, ...]


Columns = dict[str, dict[str, Column]]
"""By outcome, then scope: a scored pair, or a task."""


class Point(Frozen):
    """One training, or the base as it is, with what its control words scored. design: hash of the design that it was made under.

    dev: what chooses the learning rate: the headline of the trained pair's dev words. chosen: the layer that dev words choose, by
    scored pair. text: rise of the perplexity of text that the base writes, as a share. collapsed: why there are no scores.
    seconds: training and scoring of words; memory_gb: the most that was held until then.
    """

    point_version: Literal[1] = 1
    study: str
    design: str
    model: str
    revision: str
    dtype: str
    quantization: str | None = None
    device: str
    lexicon: dict[str, str]
    arm: str = ""
    rank: int | None = None
    layer: str = ""
    learning_rate: float | None = None
    pair: str = ""
    seed: int = 0
    kind: Kind = "base"
    recipe: dict[str, Any] = Field(default_factory=dict)
    loss_layers: tuple[str, ...] = ()
    budget: Budget = Budget(0, 0, 0)
    seconds: float = Field(ge=0)
    memory_gb: float = Field(ge=0)
    dev: float | None = None
    chosen: dict[str, str] = Field(default_factory=dict)
    columns: Columns = Field(default_factory=dict)
    text: float | None = None
    collapsed: str = ""
    key: str = ""

    @property
    def job(self) -> Job:
        """The training that it is of."""
        return Job(Setting(self.arm, self.rank, self.layer), self.learning_rate or 0.0, self.pair, self.seed, self.kind)


class Asked(Frozen):
    """What was asked of a training once its setting's rate was chosen. key: of its point.

    sources: where each task's documents came from; values: the metric as the task itself gives it; columns: over its documents.
    placebos: what random adapters of its size do to the primary outcome, each a mean over scored pairs.
    """

    key: str
    sources: dict[str, str] = Field(default_factory=dict)
    values: dict[str, dict[str, float | None]] = Field(default_factory=dict)
    columns: Columns = Field(default_factory=dict)
    placebos: tuple[float, ...] = ()
    seconds: float = Field(ge=0)


class Study(Frozen):
    """All points of one design on one model. registered: the design as it was when the first point was made.

    tries: the trainings that chose the learning rates, with the dev words' score alone.
    """

    study_version: Literal[1] = 1
    registered: Design
    points: tuple[Point, ...]
    tries: tuple[Point, ...] = ()
    asked: tuple[Asked, ...] = ()

    def asked_of(self, point: Point) -> Asked | None:
        """What was asked of a training; None where nothing was."""
        return next((one for one in self.asked if one.key == point.key), None)

    @property
    def base(self) -> Point:
        """The base as it is; raises ResultError where it was not scored."""
        found = next((point for point in self.points if point.kind == "base"), None)
        if found is None:
            raise ResultError("the study has no point of the base; run it without --points first")
        return found


def key_of(identity: dict[str, Any]) -> str:
    """Name of the file of a point from everything that decides its numbers."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


def rounded(values: Iterable[float]) -> tuple[float, ...]:
    """Pseudo-values as they are kept."""
    return tuple(round(float(value), _DIGITS) for value in values)


def write_point(path: Path, point: Point) -> None:
    """Write a point with its hash, atomically."""
    _write(path, point)


def write_asked(path: Path, asked: Asked) -> None:
    """Write what was asked of a point with its hash, atomically."""
    _write(path, asked)


def _write(path: Path, made: Frozen) -> None:
    write_text(path, json.dumps(with_hash(made.model_dump(mode="json")), ensure_ascii=False) + "\n")


T = TypeVar("T", bound=Frozen)


def read_one(kind: type[T], path: Path) -> T:
    """A point, or what was asked of one, from its file; raises ResultError, also for one that was changed after it was written."""
    try:
        return kind.model_validate(unchanged(dict(read_json(path)), where=str(path)))
    except (OSError, ValueError, TypeError) as err:
        raise ResultError(f"{path} cannot be read ({_first(err)}); delete it to have it made again") from err


def register(folder: Path, design: Design) -> Design:
    """The design under which the first point in the folder was made; where there is no point yet, this one.

    Raises ResultError where there are points and it cannot be read.
    """
    if any(folder.glob("*/*.json")):
        return _registered(folder)
    write_text(folder / "registered.json", design.model_dump_json(indent=1) + "\n")
    return design


def _registered(folder: Path) -> Design:
    path = folder / "registered.json"
    try:
        return Design.model_validate(read_json(path))
    except (OSError, ValueError, TypeError) as err:
        raise ResultError(
            f"{path} cannot be read ({_first(err)}), and nothing else says what was declared before the first point was made: "
            "put it back, or begin anew with another --output"
        ) from err


def read_study(folder: Path) -> Study:
    """Every point under the output folder of a study; raises ResultError where there is none."""
    points = [read_one(Point, path) for path in sorted((folder / "points").glob("*.json"))]
    if not points:
        raise ResultError(f"{folder} holds no points of a study; run `tli-bench study` without --points first")
    asked = [read_one(Asked, path) for path in sorted((folder / "asked").glob("*.json"))]
    tries = [read_one(Point, path) for path in sorted((folder / "tries").glob("*.json"))]
    registered = _registered(folder)
    return Study(registered=registered, points=tuple(points), tries=tuple(tries), asked=tuple(asked))


def pack(study: Study, path: Path) -> None:
    """Write a study as one gzipped file, the same bytes for the same points; lists of ids stand in it once."""
    lists: dict[tuple[str, ...], int] = {}

    def short(columns: Any) -> Any:
        return {
            name: {
                scope: [lists.setdefault(tuple(column["ids"]), len(lists)), list(column["values"])]
                for scope, column in scopes.items()
            }
            for name, scopes in columns.items()
        }

    data = study.model_dump(mode="json")
    for one in (*data["points"], *data["tries"], *data["asked"]):
        one["columns"] = short(one["columns"])
    text = json.dumps({"ids": [], **data} | {"ids": [list(ids) for ids in lists]}, separators=(",", ":"))
    write_bytes(path, gzip.compress(text.encode(), 9, mtime=0), alone=True)


def unpack(path: Path) -> Study:
    """A study from the file that `pack` wrote; raises ResultError for one that is too large, damaged or of another version."""
    try:
        with gzip.open(path) as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ResultError(f"{path}: larger than {MAX_BYTES:,} bytes, which no study is; check what it is")
        data = parse_json(content)
        lists: Sequence[list[str]] = data.pop("ids")
        for one in (*data["points"], *data["tries"], *data["asked"]):
            for scopes in one["columns"].values():
                for scope, (place, values) in scopes.items():
                    scopes[scope] = {"ids": lists[place], "values": values}
        return Study.model_validate(data)
    except (OSError, EOFError, zlib.error, ValueError, KeyError, IndexError, TypeError, AttributeError) as err:
        raise ResultError(f"{path}: {_first(err)}; is it what `tli-bench study --pack` wrote?") from err


def _first(err: Exception) -> str:
    if isinstance(err, ValidationError):
        first = err.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return f"{type(err).__name__}: {err}"
