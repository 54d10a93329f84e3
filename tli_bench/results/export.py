"""The results schema as JSON Schema, for those who write or check records without Python."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from tli_bench.schema import RunRecord


def record_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of one record; the same from one run to the next."""
    schema = RunRecord.model_json_schema(mode="serialization")
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema}
