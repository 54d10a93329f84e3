"""What loading a model told, kept next to its states: with it, the same run of the same files needs no model.

One small JSON file for each model as a run asks for it. Its name is a digest of everything that decides what loading gives: the
model's, the adapter's and the twin's files, how they are loaded, what the gate asks, and the versions of the libraries.
"""

import json
import logging
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from tli_bench.base.errors import OutputError
from tli_bench.base.files import keep_text
from tli_bench.base.frozen import Frozen
from tli_bench.base.jsons import read_json
from tli_bench.base.launched import processes
from tli_bench.base.versions import package_versions
from tli_bench.config.run import RunConfig
from tli_bench.models import gate
from tli_bench.models.adapter_files import AdapterFiles, read_adapter
from tli_bench.models.catalog import resolve_model
from tli_bench.models.expected import expected_model, twin_of
from tli_bench.models.families import has_foreign_rows
from tli_bench.models.fingerprint import hash_files
from tli_bench.models.identity import AdapterRef, MeasuredModel
from tli_bench.models.live import Fingerprint
from tli_bench.models.load import device_of
from tli_bench.models.probe import Probed
from tli_bench.vectors import shelf

log = logging.getLogger(__name__)
FORMAT = 1
_WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".gguf", ".onnx", ".h5", ".msgpack")
_LOADING = ("device_map", "max_memory", "attn", "layers", "any_base", "skip_gate")


class Told(Frozen):
    """What only loading tells. weights, tokenizer, adapter_state: as in `Fingerprint`; twin_state: digest of the twin's weights.

    causal, chain: as in `Probed`. tokens, parameters, adapter: as in `MeasuredModel`. name, about, special (tokens and their ids) and
    max_length: what lm-eval writes of the model into its results. placebos: how many their cost allowed, None where that was not asked.
    """

    weights: str
    tokenizer: str
    adapter_state: str
    twin_state: str
    causal: bool
    chain: bool
    tokens: str
    parameters: int | None
    adapter: AdapterRef | None
    device: str
    name: str
    about: dict[str, str | int | None]
    special: dict[str, str | int | None]
    max_length: int | None
    placebos: int | None = None

    @property
    def held(self) -> Fingerprint:
        """The fingerprint of the loaded model."""
        return Fingerprint(self.weights, self.tokenizer, self.adapter_state)

    @property
    def probed(self) -> Probed:
        """What probing it said."""
        return Probed(self.causal, self.chain)


class Place(NamedTuple):
    """Where what loading a model tells is kept. expected: what is known of its identity without."""

    path: Path
    expected: MeasuredModel

    def identity(self, told: Told) -> MeasuredModel:
        """The identity that the model has once it is loaded."""
        return replace(self.expected, tokens=told.tokens, parameters=told.parameters, adapter=told.adapter)


def place_of(config: RunConfig) -> Place | None:
    """The file for what loading the model of a run tells, by the files and options that decide it as they are now.

    None where no folder keeps states, in a run of several processes, and where more than these decides: code from a repository,
    families of other packages, and all that `expected_model` leaves to loading. Raises as that does.
    """
    root, config = shelf.folder(), config.chosen()
    # Processes that share the words wait for one another: all load, or none.
    if root is None or processes() > 1 or config.trust_remote_code or has_foreign_rows():
        return None
    device = device_of(config.device)
    expected = expected_model(config, device=device)
    if expected is None:
        return None
    source = resolve_model(config.model)
    adapter = read_adapter(config.adapter) if config.adapter else None
    twin, _ = twin_of(adapter, config.twin)
    facts = {
        "format": FORMAT,
        "versions": package_versions(),
        "gate": [gate.VERSION, gate.known_text(expected.training.base if expected.training else expected.id)],
        "model": [expected.id, expected.revision, expected.dtype, expected.quantization, device],
        "beside": _beside_weights(source.path) if source.path else None,
        "adapters": [_facts(files) for files in (adapter, twin)],
        "options": {name: getattr(config, name) for name in _LOADING},
    }
    digest = sha256(json.dumps(facts, sort_keys=True).encode("utf-8", "surrogateescape")).hexdigest()
    return Place(root / f"{digest[:32]}{shelf.TOLD}", expected)


def read_told(path: Path) -> Told | None:
    """What was kept in a file; None where there is none. One that cannot be read is a warning: the model is loaded."""
    if not path.is_file():
        return None
    try:
        found = Told.model_validate(read_json(path))
        path.touch()
    except (OSError, ValueError, ValidationError) as err:
        log.warning("%s cannot be read (%s): the model is loaded", path, str(err).splitlines()[0])
        return None
    return found


def keep_told(path: Path, told: Told) -> None:
    """Write it; a folder that cannot be written is a warning."""
    try:
        keep_text(path, told.model_dump_json())
    except OutputError as err:
        log.warning("what loading told is not kept: %s", err)


def _beside_weights(folder: Path) -> str:
    """Hash of every file in a model's folder that holds no weights: those that the fingerprint leaves out decide little, but something."""
    return hash_files([path for path in folder.iterdir() if path.is_file() and path.suffix not in _WEIGHTS])


def _facts(files: AdapterFiles | None) -> Any:
    return [files.name, files.sha256, files.card] if files else None
