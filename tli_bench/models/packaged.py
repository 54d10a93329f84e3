"""Real checkpoints that come in packages: where they are kept, and what their folders say of their origin."""

import os
from pathlib import Path

from pydantic import ValidationError

from tli_bench.base.errors import ModelError
from tli_bench.base.frozen import Frozen
from tli_bench.base.paths import cache_dir, expanded

ROOT = "TLI_REAL_MODELS"
"""Environment variable: the folder that holds a folder for each real checkpoint."""
PROVENANCE = "provenance.json"
"""In each folder, written last, so a folder that has it is whole."""


class Package(Frozen):
    """Which package a checkpoint was taken from. upstream: Hub id of what it is a copy of; hashes: SHA-256."""

    name: str
    package: str
    version: str
    wheel_sha256: str
    licence: str
    upstream: str
    model_sha256: str

    @property
    def requirement(self) -> str:
        """As pip names it."""
        return f"{self.package}=={self.version}"


def models_root() -> Path:
    """The folder that `TLI_REAL_MODELS` names, else `tli-bench/real-models` in the user's cache; it need not exist."""
    named = os.environ.get(ROOT)
    if named:
        return expanded(named)
    return cache_dir() / "real-models"


def fetched() -> list[Path]:
    """Folders of the checkpoints that are here, by name."""
    return sorted(path.parent for path in models_root().glob(f"*/{PROVENANCE}"))


def framing(folder: Path) -> str:
    """What the tokenizer of a folder puts around every text, in words; empty where `tokenizer.json` cannot tell."""
    from tokenizers import Tokenizer

    try:
        found = Tokenizer.from_file(str(folder / "tokenizer.json")).encode("a")
        first, behind = (mask.index(0) for mask in (found.special_tokens_mask, found.special_tokens_mask[::-1]))
    except Exception:  # tokenizers raises nothing narrower
        return ""
    added = (found.tokens[:first], "before"), (found.tokens[len(found.tokens) - behind :], "after")
    told = [f"{' '.join(tokens)} {where}" for tokens, where in added if tokens]
    return f"its tokenizer puts {' and '.join(told)} every text" if told else "its tokenizer adds no token"


def package_of(folder: Path) -> Package | None:
    """What a folder says of its origin; None where it says nothing. Raises ModelError for a damaged statement."""
    path = folder / PROVENANCE
    if not path.is_file():
        return None
    try:
        return Package.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as err:
        raise ModelError(
            f"{path} does not say where the model comes from ({str(err).splitlines()[0]}); remove the file, or fetch the model again"
        ) from err
