"""An adapter's twin: the same recipe, seed and budget on shuffled pairs. Found by the card, or named, and checked."""

from pathlib import PurePosixPath
from typing import Any

from tli_bench.base.errors import AdapterError
from tli_bench.base.wording import visible
from tli_bench.models.adapter_files import CONFIG, WEIGHTS, AdapterFiles, read_adapter

NO_TWIN = "none"
FOLDER = "twin"
"""Where training puts a twin, under the adapter's own folder: PEFT and listings of adapters do not look there."""
# Fields of PEFT's configuration that decide nothing about what the weights compute.
_INCIDENTAL = frozenset(
    {"base_model_name_or_path", "inference_mode", "revision", "auto_mapping", "peft_version", "task_type"}
)


def find_twin(files: AdapterFiles, named: str | None) -> tuple[AdapterFiles | None, str]:
    """The twin of an adapter and, where the one that its card names is not scored, a sentence that says so; tensors are not looked at.

    named: a folder or a Hub id in place of the card's; `none` for no twin. Raises AdapterError for a named one that
    cannot be read, and for a twin with another configuration than the adapter's.
    """
    if named == NO_TWIN:
        return None, ""
    if named is not None:
        return _same_kind(files, read_adapter(named)), ""
    stated = (files.card or {}).get("twin")
    if stated is None:
        return None, ""
    path, sha256 = (stated.get("path"), stated.get("sha256")) if isinstance(stated, dict) else (None, None)
    if not isinstance(path, str) or not isinstance(sha256, str) or not _inside(path):
        return None, f"the card of {files.path.name} names a twin in a way that cannot be read: it is not scored"
    folder = files.path / path
    if not (folder / CONFIG).is_file() or not (folder / WEIGHTS).is_file():
        return (
            None,
            f"the twin that the card of {files.path.name} names, {visible(path)}, is not there: it is not scored",
        )
    twin = read_adapter(str(folder))
    if twin.sha256 != sha256:
        return None, (
            f"the twin in {folder} has the hash {twin.sha256[:12]}, but the card of {files.path.name} names "
            f"{visible(sha256[:12])}: it is not scored"
        )
    return _same_kind(files, twin), ""


def _inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith(("/", "~")) and ".." not in parts and "\\" not in path


def _same_kind(files: AdapterFiles, twin: AdapterFiles) -> AdapterFiles:
    """Weights mean the same only under the same configuration: scale, places, variant."""
    ours, theirs = _decisive(files.config), _decisive(twin.config)
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name) != theirs.get(name):
            raise AdapterError(
                f"{twin.path} is no twin of {files.path}: {name} is {theirs.get(name)!r} there and {ours.get(name)!r} in the "
                "adapter; give the right folder with --twin, or --twin none"
            )
    return twin


def _decisive(config: dict[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in config.items() if name not in _INCIDENTAL and value is not None}
    # PEFT writes sets of names in any order.
    return {name: sorted(map(str, value)) if isinstance(value, list) else value for name, value in found.items()}
