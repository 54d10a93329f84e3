"""The hash inside a record: written with it, and checked whenever it is read, so that no figure changes unnoticed.

A record's text is one line of JSON that starts with `sha256`: the SHA-256 of the record without it, as UTF-8 JSON without
spaces, its keys in the order of the text.
"""

import hashlib
import json
import re
from typing import Any

from tli_bench.base.errors import ResultError
from tli_bench.records.disk import json_object
from tli_bench.records.schema import Record
from tli_bench.records.versions import SCHEMA_VERSION

FIELD = "sha256"
_HEAD = re.compile(rb'\{"sha256":"([0-9a-f]{64})",')


class ChangedRecordError(ResultError):
    """A record that was changed or cut short after it was written, or that has no hash."""


def record_digest(record: Record) -> str:
    """SHA-256 in hex of a record, as its file states it."""
    return json_digest(record.model_dump(mode="json"))


def json_digest(data: object) -> str:
    """SHA-256 in hex of JSON data, keys in their order, no spaces, UTF-8."""
    return hashlib.sha256(_compact(data)).hexdigest()


def sealed(record: Record) -> dict[str, Any]:
    """The record as JSON data with its hash in front."""
    data = record.model_dump(mode="json")
    return {FIELD: json_digest(data), **data}


def sealed_json(record: Record) -> bytes:
    """The record with its hash, as the text of a file."""
    body = _compact(record.model_dump(mode="json"))
    return b'{"sha256":"%s",' % hashlib.sha256(body).hexdigest().encode() + body[1:] + b"\n"


def unsealed(raw: bytes, *, where: str) -> bytes | dict[str, Any]:
    """JSON of a record without its hash, once the hash has been verified: the text where that is quick, else the data.

    Records of schema 1 have no hash. Raises ResultError for what is not a record, ChangedRecordError naming `where` for
    a record without a hash or with one that does not match.
    """
    head = _HEAD.match(raw)
    if head:
        body = b"{" + raw[head.end() :].rstrip(b"\n")
        if hashlib.sha256(body).hexdigest().encode() == head[1]:
            return body
    try:
        data = json_object(raw, where)
    except ResultError as err:
        raise ChangedRecordError(f"{err}; restore the file, or delete it and run the unit again") from err
    version = data.get("schema_version")
    if not isinstance(version, int) or not 1 < version <= SCHEMA_VERSION:
        return data  # migrated or refused by its version
    if FIELD not in data:
        raise ChangedRecordError(f"{where}: holds no {FIELD}; run the unit again, or write the record with tli-bench")
    return unchanged(data, where=where)


def with_hash(data: dict[str, Any]) -> dict[str, Any]:
    """JSON data of any other kind (a point of a sweep or of a study) with its hash in front."""
    return {FIELD: json_digest(data), **data}


def unchanged(data: dict[str, Any], *, where: str) -> dict[str, Any]:
    """The data without its hash; raises ChangedRecordError where that does not match. Data from before there was a hash pass."""
    data = dict(data)
    stated = data.pop(FIELD, None)
    found = json_digest(data) if stated is not None else None
    if stated != found:
        raise ChangedRecordError(
            f"{where}: was changed after it was written: its SHA-256 is {str(found)[:12]}, but it states {str(stated)[:12]}; "
            "restore the file, or delete it and run the unit again"
        )
    return data


def _compact(data: object) -> bytes:
    # NaN is let through here, so that the schema refuses a file that holds one, and says so.
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
