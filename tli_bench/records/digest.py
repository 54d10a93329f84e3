"""What a record is, in one hash: the same content gives the same hash however the file is laid out."""

import hashlib
import json

from tli_bench.records.schema import Record


def record_digest(record: Record) -> str:
    """SHA-256 in hex of the record as JSON with sorted keys and no spaces."""
    return json_digest(record.model_dump(mode="json"))


def json_digest(data: object) -> str:
    """SHA-256 in hex of JSON data, keys sorted, no spaces, UTF-8."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
