"""A run in one file that can be passed on: a zip of records and a manifest of their hashes."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tli_bench.base.errors import ResultError, reason_of
from tli_bench.base.files import write_bytes
from tli_bench.base.jsons import parse_json
from tli_bench.records.audit import is_audited
from tli_bench.records.disk import MAX_BYTES
from tli_bench.records.downstream import downstream_from_json, is_downstream
from tli_bench.records.schema import Record
from tli_bench.records.seal import sealed_json
from tli_bench.records.store import record_from_json
from tli_bench.records.units import unit_path
from tli_bench.records.validate import validate_record

MANIFEST = "manifest.json"
MAX_RECORDS, MAX_MANIFEST, MAX_TOTAL = 10_000, 16 * 1024 * 1024, 2 * 1024**3
# The earliest date a zip can hold: the same records give the same bytes.
_DATE = (1980, 1, 1, 0, 0, 0)


class PackedFile(BaseModel):
    """One record in the zip: its name there and the SHA-256 of its bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """What a submission holds. audit: whether the audit words of every row on the core lexicon are among its records."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    submission_version: int = 1
    tli_bench: str
    audit: bool = False
    files: tuple[PackedFile, ...] = Field(max_length=MAX_RECORDS)


def pack(records: Sequence[Record], path: Path, *, version: str) -> Manifest:
    """Write validated records and their hashes to one zip; version: that of tli-bench.

    Raises ResultError when there is nothing to pack or a record fails validation.
    """
    if not records:
        raise ResultError("no records to pack; give the folder that `tli-bench run --output` wrote")
    buffer = io.BytesIO()
    files: list[PackedFile] = []
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for record in records:
            name = unit_path(Path(), record).as_posix()
            if errors := validate_record(record).errors:
                raise ResultError(f"{name}: {errors[0]}; run it again before submitting it")
            if any(name == file.name for file in files):
                raise ResultError(f"{name} occurs twice in this run; pack one of them")
            content = sealed_json(record)
            files.append(PackedFile(name=name, sha256=hashlib.sha256(content).hexdigest()))
            _add(archive, name, content)
        manifest = Manifest(tli_bench=version, audit=is_audited(records), files=tuple(files))
        _add(archive, MANIFEST, manifest.model_dump_json(indent=1).encode())
    write_bytes(path, buffer.getvalue())
    return manifest


def unpack(path: Path) -> Iterator[tuple[str, Record]]:
    """Name and record of each packed file, hashes checked; nothing is written to disk.

    Raises ResultError for a file that is not a submission, an unlisted or missing file, a wrong hash or an invalid record.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist()]
            manifest = _manifest(archive, path)
            listed = [file.name for file in manifest.files]
            if sorted(names) != sorted([MANIFEST, *listed]):
                strange = sorted(set(names).symmetric_difference([MANIFEST, *listed])) or ["a name that occurs twice"]
                raise ResultError(
                    f"{path}: its manifest and its files disagree about {strange[0]!r}; pack the run again"
                )
            total = sum(info.file_size for info in archive.infolist())
            if total > MAX_TOTAL:
                raise ResultError(f"{path}: unpacks to {total:,} bytes, but at most {MAX_TOTAL:,} are read")
            for file in manifest.files:
                content = _bounded(archive, file.name, MAX_BYTES, path)
                if hashlib.sha256(content).hexdigest() != file.sha256:
                    raise ResultError(f"{path}: {file.name} was changed after packing (its SHA-256 is a different one)")
                read = downstream_from_json if is_downstream(PurePosixPath(file.name)) else record_from_json
                yield file.name, read(content, where=f"{path}:{file.name}")
    except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as err:
        raise ResultError(f"{path}: {reason_of(err)}; expected a file made by `tli-bench submit`") from err


def _manifest(archive: zipfile.ZipFile, path: Path) -> Manifest:
    if MANIFEST not in archive.namelist():
        raise ResultError(f"{path}: there is no {MANIFEST} in it; expected a file made by `tli-bench submit`")
    try:
        data = parse_json(_bounded(archive, MANIFEST, MAX_MANIFEST, path))
        manifest = Manifest.model_validate(data)
    except (ValueError, ValidationError) as err:
        raise ResultError(f"{path}: {MANIFEST} cannot be read: {err}") from err
    if manifest.submission_version != 1:
        raise ResultError(
            f"{path}: submission version {manifest.submission_version} is unknown; this tli-bench reads 1"
        )
    return manifest


def _bounded(archive: zipfile.ZipFile, name: str, limit: int, path: Path) -> bytes:
    """At most `limit` bytes are unpacked, whatever sizes the zip itself states: those may be false."""
    with archive.open(name) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise ResultError(f"{path}: {name} unpacks to more than {limit:,} bytes")
    return content


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, date_time=_DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    archive.writestr(info, content)
