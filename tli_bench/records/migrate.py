"""Records of older schema versions, brought up to date one version at a time; unknown versions are refused by name."""

from collections.abc import Callable, Mapping
from typing import Any

from tli_bench.base.errors import ResultError
from tli_bench.records.conclusions import without_conclusions
from tli_bench.records.pair_values import with_columns
from tli_bench.records.versions import SCHEMA_VERSION

Step = Callable[[dict[str, Any]], dict[str, Any]]

# STEPS[n] turns the data of version n into that of version n + 1.
RUN_STEPS: dict[int, Step] = {1: with_columns, 2: without_conclusions}
DOWNSTREAM_STEPS: dict[int, Step] = {1: lambda data: data, 2: lambda data: data}


def migrate(
    data: dict[str, Any], *, where: str, steps: Mapping[int, Step] = RUN_STEPS, target: int = SCHEMA_VERSION
) -> dict[str, Any]:
    """Record data of version `target`, from data of that version or of an older one that `steps` can bring up to it.

    Raises ResultError naming the version found and the versions that can be read.
    """
    version = data.get("schema_version")
    readable = sorted({target, *steps})
    if not isinstance(version, int) or isinstance(version, bool) or version not in readable:
        if version is None:
            raise ResultError(
                f"{where}: states no schema_version, so it is not a record; give what `tli-bench run --output` wrote"
            )
        known = ", ".join(str(v) for v in readable)
        newer = isinstance(version, int) and version > target
        advice = "update tli-bench to read it" if newer else "run the model again to make a new record"
        raise ResultError(f"{where}: schema version {version!r} is unknown; this tli-bench reads {known}; {advice}")
    while version < target:
        try:
            data = steps[version](dict(data)) | {"schema_version": version + 1}
        except ResultError as err:
            raise ResultError(f"{where}: {err}") from err
        version += 1
    return data
