"""The results schema as JSON Schema, for those who write or check records without Python."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from tli_bench.records.schema import DownstreamRecord, RunRecord
from tli_bench.records.seal import FIELD

KINDS = (RunRecord, DownstreamRecord)
_HASH = {
    "description": "SHA-256 of the record without this field, as UTF-8 JSON without spaces, keys in the order given here.",
    "pattern": "^[0-9a-f]{64}$",
    "title": "Sha256",
    "type": "string",
}


def record_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of one record, alignment or downstream; the same from one run to the next."""
    _, schema = models_json_schema([(kind, "serialization") for kind in KINDS], title="Record")
    for kind in KINDS:
        definition = schema["$defs"][kind.__name__]
        definition["properties"] = {FIELD: _HASH, **definition["properties"]}
        definition["required"] = [FIELD, *definition["required"]]
    kinds = [{"$ref": f"#/$defs/{kind.__name__}"} for kind in KINDS]
    return {"$schema": GenerateJsonSchema.schema_dialect, "anyOf": kinds, **schema}
