"""Adapters made on another class of the same model: their names mapped onto the class that is loaded here.

One checkpoint has several classes (`AutoModelForCausalLM`, `AutoModelForMaskedLM`, the bare `AutoModel`, a multimodal
package), and each has a different path for the same block. What an adapter holds for the text body is found by the end of
its path. Tensors of parts that no hidden state of a text depends on (classification heads, vision and audio towers) are
left out if the loaded class has no such part, and so are those of blocks that were not loaded. Everything else that cannot
be found stays as it is, and is refused.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from tli_bench.base.errors import AdapterError
from tli_bench.models.body import body_of, find_blocks, unwrapped
from tli_bench.models.first import is_cut
from tli_bench.models.types import Model

PREFIX = "base_model.model."
# Names that classes put around a text body; a path that leads through anything else belongs to another part.
WRAPPERS = frozenset({"model", "base_model", "language_model", "text_model", "decoder", "transformer"})
# Parts that no hidden state of a text depends on.
HEADS = frozenset(
    {"score", "classifier", "qa_outputs", "lm_head", "cls", "pooler", "v_head", "predictions", "embed_out"}
)
TOWERS = frozenset(
    {"vision_tower", "vision_model", "visual", "multi_modal_projector", "audio_tower", "embed_vision", "embed_audio"}
)
_OWN_WEIGHTS = ("weight", "bias")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tensor belongs. module: path in the loaded model, None if it has no such part; tail: the rest of its name."""

    module: str | None
    tail: str


class Names:
    """Finds the modules of a loaded model by the paths of another class."""

    def __init__(self, model: Model) -> None:
        body = body_of(model)
        modules = dict(model.named_modules())
        self._all = frozenset(modules)
        self._root = next(name for name, part in modules.items() if part is body)
        self._inside = frozenset(name for name, _ in body.named_modules() if name)
        self._wrappers = WRAPPERS | {str(getattr(body, "base_model_prefix", "model"))}
        self.packed = _has_others(model, body, self._root)
        self._blocks = _path_of_blocks(model) if is_cut(unwrapped(model)) else ""
        self._there = len(find_blocks(model) or ())

    def place(self, path: str) -> Place:
        """Split a tensor's path into the module it belongs to, by our name, and its own name there."""
        if self._blocks and any(int(n) >= self._there for n in re.findall(rf"\b{self._blocks}\.(\d+)\.", path)):
            return Place(None, path)
        parts = path.split(".")
        known = max((end for end in range(len(parts) + 1) if ".".join(parts[:end]) in self._all), default=0)
        for end in range(len(parts), known, -1):
            for start in range(end):
                found = ".".join(parts[start:end])
                if found in self._inside and self._wrappers.issuperset(parts[:start]):
                    return Place(f"{self._root}.{found}" if self._root else found, ".".join(parts[end:]))
        outer = next((part for part in parts if part not in self._wrappers), "")
        if outer in HEADS | TOWERS and not any(name.rpartition(".")[2] == outer for name in self._all):
            return Place(None, path)
        return Place(".".join(parts[:known]), ".".join(parts[known:]))


def _path_of_blocks(model: Model) -> str:
    """As a pattern; of a model of which only the first blocks were loaded."""
    blocks = find_blocks(model)
    return re.escape(next(name for name, part in body_of(model).named_modules() if part is blocks))


def _has_others(model: Model, body: nn.Module, root: str) -> bool:
    """Whether the model has blocks of another kind than its text's, whose modules may have the same names."""
    of_text = {id(part) for part in body.modules()}
    return any(isinstance(part, nn.ModuleList) and id(part) not in of_text for part in model.modules()) and bool(root)


@contextmanager
def conformed(folder: Path, config: Mapping[str, Any], weights: str, model: Model) -> Iterator[Path]:
    """A folder with the adapter as the loaded class would have saved it; the given folder if it already is like that.

    weights: file name of the tensors. Raises AdapterError for an adapter that has only heads or towers.
    """
    names = Names(model)
    with safe_open(folder / weights, framework="pt") as tensors:
        places = {
            key: names.place(key.removeprefix(PREFIX))
            for key in tensors.keys()  # noqa: SIM118
            if key.startswith(PREFIX)
        }
        renamed = {
            key: None if it.module is None else PREFIX + ".".join(part for part in (it.module, it.tail) if part)
            for key, it in places.items()
        }
        task = _task_type(config.get("task_type"), model)
        same = all(key == name for key, name in renamed.items()) and task == config.get("task_type")
        if same and not names.packed:
            yield folder
            return
        ours = {
            name: tensors.get_tensor(key)
            for key in tensors.keys()  # noqa: SIM118
            if (name := renamed.get(key, key)) is not None
        }
    if not ours:
        raise AdapterError(
            f"{folder} holds nothing that a hidden state of a text depends on in {type(model).__name__}: its first tensor is "
            f"{next(iter(places)).removeprefix(PREFIX)}, which belongs to a head or to a vision or audio tower"
        )
    with TemporaryDirectory(prefix="tli-bench-") as place:
        save_file(ours, Path(place) / weights, metadata={"format": "pt"})
        changed = {**config, **_targets(config, places, names), "task_type": task}
        (Path(place) / "adapter_config.json").write_text(json.dumps(changed), encoding="utf-8")
        yield Path(place)


def _task_type(given: Any, model: Model) -> Any:
    """PEFT's task type for the loaded class: it decides which parts PEFT expects of the model."""
    if given is None:
        return None
    if not hasattr(model, "prepare_inputs_for_generation"):
        return "FEATURE_EXTRACTION"
    return given if given in ("CAUSAL_LM", "FEATURE_EXTRACTION") else "CAUSAL_LM"


def _targets(config: Mapping[str, Any], places: Mapping[str, Place], names: Names) -> dict[str, Any]:
    """The fields of the configuration that name modules, with the full path of each module, so that no other part is touched."""
    targeted = sorted(
        {
            it.module
            for it in places.values()
            if it.module and it.tail not in _OWN_WEIGHTS and not it.tail.startswith("token_adapter")
        }
    )
    found: dict[str, Any] = {}
    if config.get("target_modules"):
        found |= {"target_modules": targeted, "layers_to_transform": None, "layers_pattern": None}
        found |= {"exclude_modules": None} if config.get("exclude_modules") else {}
    if config.get("feedforward_modules"):
        found["feedforward_modules"] = [name for name in targeted if _matches(config["feedforward_modules"], name)]
    if config.get("modules_to_save"):
        saved = {it.module.rpartition(".")[2] for it in places.values() if it.module and it.tail in _OWN_WEIGHTS}
        kept = [name for name in config["modules_to_save"] if str(name).rpartition(".")[2] in saved]
        found["modules_to_save"] = kept or None
    for field in ("rank_pattern", "alpha_pattern"):
        if config.get(field):
            found[field] = {_pattern(key, names): value for key, value in config[field].items()}
    known = config.keys()
    return {field: value for field, value in found.items() if field in known}


def _matches(wanted: Any, name: str) -> bool:
    if isinstance(wanted, str):
        return re.fullmatch(wanted, name) is not None
    return any(name == end or name.endswith(f".{end}") for end in wanted)


def _pattern(key: str, names: Names) -> str:
    """A pattern that is a plain path is mapped like its module; any other is matched with ends of paths and stays as it is."""
    if not re.fullmatch(r"[\w.]+", key) or "." not in key:
        return key
    it = names.place(key)
    return key if not it.module else ".".join(part for part in (it.module, it.tail) if part)
