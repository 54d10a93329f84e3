"""SHA-256 of model and adapter files: the revision of anything that does not come from the Hub."""

import hashlib
import json
import os
import re
import time
from contextlib import suppress
from pathlib import Path

from tli_bench.base.errors import ModelError, OutputError
from tli_bench.base.files import keep_text
from tli_bench.base.paths import cache_dir

_LARGE = 64 << 20
"""Bytes from which a file's hash is kept, and files are hashed side by side: it takes longer than looking it up."""
_SETTLED = 2 * 10**9
"""Nanoseconds after which a file that is written again surely has another time."""
_DIGEST = re.compile("[0-9a-f]{64}")
_FINGERPRINT = re.compile(r"sha256:[0-9a-f]{16,64}|[0-9a-f]{40}")
# What changes hidden states without changing a weight: rotary scaling, vocabulary, special tokens.
_BESIDE_WEIGHTS = (
    "config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "tokenizer.model", "spiece.model", "vocab.json", "merges.txt", "vocab.txt",
)  # fmt: skip


def hash_file(path: Path) -> str:
    """SHA-256 of all of a file. That of a large one is kept in the user's cache until the file changes.

    A file is the same as long as its place on the disk, size and times are; the time of its last change of any kind (ctime) cannot be
    set by hand. Raises ModelError for a file that changes while it is read.
    """
    before = path.stat()
    kept = _place(path, before) if before.st_size >= _LARGE else None
    if kept is not None and (known := _read_kept(kept)):
        return known
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    after = path.stat()
    if _facts(before) != _facts(after):
        raise ModelError(f"{path} changed while it was read; wait until it is written, and run the same command again")
    if kept is not None and time.time_ns() - max(after.st_mtime_ns, after.st_ctime_ns) > _SETTLED:
        with suppress(OutputError):  # then it is computed again next time
            keep_text(kept, digest)
    return digest


def _place(path: Path, about: os.stat_result) -> Path:
    facts = json.dumps([str(path.resolve()), *_facts(about)])
    return cache_dir() / "hashes" / hashlib.sha256(facts.encode("utf-8", "surrogateescape")).hexdigest()


def _facts(about: os.stat_result) -> tuple[int, ...]:
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns


def _read_kept(place: Path) -> str:
    try:
        known = place.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""
    return known if _DIGEST.fullmatch(known) else ""


def hash_files(paths: list[Path]) -> str:
    """One SHA-256 over names and contents of several files, whatever their order; large ones are read side by side."""
    ordered = sorted(paths, key=lambda p: p.name)
    if sum(path.stat().st_size for path in ordered) < _LARGE:
        hashes = [hash_file(path) for path in ordered]
    else:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(max_workers=min(len(ordered), os.cpu_count() or 1)) as pool:
            hashes = list(pool.map(hash_file, ordered))
    digest = hashlib.sha256()
    for path, found in zip(ordered, hashes, strict=True):
        digest.update(f"{path.name}\0{found}\n".encode())
    return digest.hexdigest()


def model_fingerprint(folder: Path) -> str:
    """Fingerprint of a local model, `sha256:` and 16 hex digits: of its weights, configuration and tokenizer, or of its GGUF file."""
    if folder.is_file():
        return "sha256:" + hash_file(folder)[:16]
    files = [*folder.glob("*.safetensors"), *(folder / name for name in _BESIDE_WEIGHTS)]
    return "sha256:" + hash_files([path for path in files if path.is_file()])[:16]


def is_fingerprint(revision: str) -> bool:
    """Whether a revision tells the weights by itself, whatever they are called: a fingerprint, or the commit of a Hub repository."""
    return bool(_FINGERPRINT.fullmatch(revision))


def hub_commit(repository: str, revision: str | None = None, *, file: str = "config.json") -> str | None:
    """Commit of a Hub repository's cached files at `revision` (default branch when None); None when `file` is not cached."""
    path = hub_file(repository, revision, file=file)
    return path.parent.name if path else None


def hub_file(repository: str, revision: str | None = None, *, file: str) -> Path | None:
    """Where a file of a Hub repository is cached; None when it is not."""
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(repository, file, revision=revision)
    return Path(path) if isinstance(path, str) else None
