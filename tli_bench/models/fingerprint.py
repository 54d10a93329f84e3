"""SHA-256 of model and adapter files: the revision of anything that does not come from the Hub."""

import hashlib
from pathlib import Path

_CHUNK = 1 << 22
_WHOLE_UP_TO = 2 << 30
_EDGE = 64 << 20
# What changes hidden states without changing a weight: rotary scaling, vocabulary, special tokens.
_BESIDE_WEIGHTS = (
    "config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "tokenizer.model", "spiece.model", "vocab.json", "merges.txt", "vocab.txt",
)  # fmt: skip


def hash_file(path: Path) -> str:
    """SHA-256 of a file; beyond 2 GiB, of its size and its first and last 64 MiB, which hold the header and weights."""
    digest = hashlib.sha256()
    size = path.stat().st_size
    with path.open("rb") as handle:
        if size <= _WHOLE_UP_TO:
            while chunk := handle.read(_CHUNK):
                digest.update(chunk)
        else:
            digest.update(str(size).encode())
            digest.update(handle.read(_EDGE))
            handle.seek(-_EDGE, 2)
            digest.update(handle.read(_EDGE))
    return digest.hexdigest()


def hash_files(paths: list[Path]) -> str:
    """One SHA-256 over names and contents of several files, whatever their order."""
    digest = hashlib.sha256()
    for path in sorted(paths, key=lambda p: p.name):
        digest.update(f"{path.name}\0{hash_file(path)}\n".encode())
    return digest.hexdigest()


def model_fingerprint(folder: Path) -> str:
    """Fingerprint of a local model, `sha256:` and 16 hex digits: of its weights, configuration and tokenizer, or of its GGUF file."""
    if folder.is_file():
        return "sha256:" + hash_file(folder)[:16]
    files = [*folder.glob("*.safetensors"), *(folder / name for name in _BESIDE_WEIGHTS)]
    return "sha256:" + hash_files([path for path in files if path.is_file()])[:16]


def hub_commit(repository: str, revision: str | None = None, *, file: str = "config.json") -> str | None:
    """Commit of a Hub repository's cached files at `revision` (default branch when None); None when `file` is not cached."""
    path = hub_file(repository, revision, file=file)
    return path.parent.name if path else None


def hub_file(repository: str, revision: str | None = None, *, file: str) -> Path | None:
    """Where a file of a Hub repository is cached; None when it is not."""
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(repository, file, revision=revision)
    return Path(path) if isinstance(path, str) else None
