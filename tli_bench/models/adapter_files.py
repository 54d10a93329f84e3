"""The files of a PEFT adapter: found, read and hashed, or refused with the reason, without torch."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tli_bench.base.errors import AdapterError, reason_of
from tli_bench.base.jsons import read_json
from tli_bench.base.paths import expanded
from tli_bench.models.fingerprint import hash_files
from tli_bench.models.hub import hub_reason
from tli_bench.models.tuned import CARD

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
_ON_HUB = re.compile(r"(\w[\w.-]*/\w[\w.-]*)(?:@(\w[\w./-]*))?(?::(\w[\w./-]*?)/?)?")


@dataclass(frozen=True, slots=True)
class AdapterFiles:
    """An adapter folder, not yet attached. card: our own `tli_card.json`, when it has one."""

    path: Path
    config: dict[str, Any]
    card: dict[str, Any] | None
    sha256: str

    @property
    def name(self) -> str:
        """What people call it: as its card says, else as its folder is called."""
        return str((self.card or {}).get("name") or self.path.name)


def read_adapter(name: str) -> AdapterFiles:
    """Read an adapter's configuration and card, and hash its files; its tensors are not looked at.

    name: a folder, or `ORG/NAME[@REVISION][:FOLDER]` on the Hub. Raises AdapterError for a missing path, a folder that is not
    PEFT, pickled weights or an unreadable file.
    """
    path = find_adapter(name) or _download(name)
    config = _read_json(path / CONFIG)
    if not (path / WEIGHTS).is_file():
        if any(path.glob("*.bin")):
            raise AdapterError(f"{path} holds pickled weights, which can run code; save it as {WEIGHTS} and try again")
        raise AdapterError(f"{path} has a {CONFIG} but no {WEIGHTS}")
    if not isinstance(config.get("peft_type"), str):
        raise AdapterError(f"{path / CONFIG} does not name a peft_type: this is not a PEFT adapter")
    card = _read_json(path / CARD) if (path / CARD).is_file() else None
    if card is not None and not isinstance(card.get("base", {}), dict):
        raise AdapterError(f"{path / CARD} is damaged: `base` must be an object; delete the card or restore it")
    return AdapterFiles(path, config, card, hash_files([path / CONFIG, path / WEIGHTS]))


def find_adapter(name: str) -> Path | None:
    """The folder of an adapter, None for one on the Hub; raises AdapterError where there is none."""
    path = expanded(name)
    if os.path.isdir(path):
        if not (path / CONFIG).is_file():
            hint = "it looks like a model: use --model" if (path / "config.json").is_file() else f"it has no {CONFIG}"
            raise AdapterError(f"{path} is not a PEFT adapter ({hint})")
        return path
    if os.path.exists(path):
        raise AdapterError(f"{path} is a file; give the folder that holds {CONFIG} and {WEIGHTS}")
    if on_hub(name) and not path.parent.is_dir():
        return None
    raise AdapterError(f"no adapter at {name!r}: the path does not exist, and the base is never scored in its place")


class OnHub(NamedTuple):
    """An adapter's place on the Hub: repository, branch, tag or commit, and folder inside; None where that is not said."""

    repository: str
    revision: str | None
    folder: str | None


def on_hub(name: str) -> OnHub | None:
    """The place that `ORG/NAME[@REVISION][:FOLDER]` means; None for any other name."""
    found = _ON_HUB.fullmatch(name)
    return OnHub(*found.groups()) if found and ".." not in name.split("/") else None


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download

    place = on_hub(name)
    assert place is not None  # `find_adapter` has refused everything else
    inside = f"{place.folder}/" if place.folder else ""
    wanted = [f"{inside}{pattern}" for pattern in ("*.json", "*.safetensors", "*.md")]
    try:
        path = Path(snapshot_download(place.repository, revision=place.revision, allow_patterns=wanted)) / inside
    except (OSError, ValueError) as err:
        reason = hub_reason(place.repository, place.revision, err) or f"{type(err).__name__}: {err}"
        raise AdapterError(f"no adapter at {name!r}: there is no such folder, and {reason}") from err
    if not (path / CONFIG).is_file():
        raise AdapterError(
            f"{place.repository} has no {inside}{CONFIG}; an adapter in a folder of a repository is ORG/NAME:FOLDER, at a revision "
            "ORG/NAME@REVISION:FOLDER"
        )
    return path


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = read_json(path)
    except (OSError, ValueError) as err:
        raise AdapterError(f"{path} cannot be read: {reason_of(err)}") from err
    if not isinstance(data, dict):
        raise AdapterError(f"{path} holds a {type(data).__name__}, not an object")
    return data
