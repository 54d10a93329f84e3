"""The results schema as JSON Schema, for those who write or check records without Python."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from tli_bench.records.schema import DownstreamRecord, RunRecord

KINDS = (RunRecord, DownstreamRecord)


def record_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of one record, of alignment or of a downstream task; the same from one run to the next."""
    _, schema = models_json_schema([(kind, "serialization") for kind in KINDS], title="Record")
    kinds = [{"$ref": f"#/$defs/{kind.__name__}"} for kind in KINDS]
    return {"$schema": GenerateJsonSchema.schema_dialect, "anyOf": kinds, **schema}
