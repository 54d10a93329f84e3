"""Pooled states on disk, memory-mapped, under everything that determines them: the same words again need no forward pass.

A file holds what one call computed: its name is a digest of the texts, its folder's name one of the `Key` and of the libraries' versions.
"""

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from tli_bench.base.files import remove_leftovers, temporary_prefix
from tli_bench.vectors import shelf
from tli_bench.vectors.extract import FirstPosition, States
from tli_bench.vectors.inputs import Encoded
from tli_bench.vectors.keys import Key
from tli_bench.vectors.protocols import Pooling

log = logging.getLogger(__name__)
FORMAT = 1
LIMIT = 40 << 30
"""Bytes on disk; a pair of an 8B model takes three to four GB for each state of the model."""


class DiskCache:
    """States in a folder, at most `limit` bytes of them; those that were unused for longest go first."""

    def __init__(self, root: Path, *, limit: int = LIMIT) -> None:
        self.root = root
        self._limit = limit
        self._rows: dict[Path, dict[str, int]] = {}

    def find(self, key: Key, texts: Iterable[str]) -> list[tuple[States, dict[str, int]]]:
        """States that hold some of the texts, each with the row of every text that is read from it; a text is read once."""
        missing, found = set(texts), []
        for path in sorted(self._folder(key).glob(f"*{shelf.SUFFIX}")):
            rows = {text: row for text, row in self._texts(path).items() if text in missing}
            if not rows:
                continue
            try:
                states = _read(path)
                path.touch()
            except (OSError, SafetensorError, KeyError, ValueError, TypeError) as err:
                log.warning("%s cannot be read (%s): its words run again", path, err)
                continue
            found.append((states, rows))
            missing -= set(rows)
        return found

    def keep(self, key: Key, texts: Sequence[str], states: States) -> None:
        """Write what was computed for `texts`, row by row; a full disk or a folder that cannot be written is a warning."""
        tensors, about = _packed(states)
        size = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
        about |= {
            "texts": list(texts),
            "state": key.state,
            "framing": key.framing._asdict(),
            "weights": key.weights[:16],
        }
        place = self._folder(key) / f"{_digest(texts)}{shelf.SUFFIX}"
        try:
            if not shelf.make_room(self.root, size, limit=self._limit):
                return
            place.parent.mkdir(parents=True, exist_ok=True)
            remove_leftovers(place.parent, ".*.tmp-*", shared=True)
            handle, name = tempfile.mkstemp(prefix=temporary_prefix(place.name), dir=place.parent)
            os.close(handle)
            try:
                save_file(tensors, name, metadata={shelf.MARK: json.dumps(about)})
                Path(name).replace(place)
            finally:
                Path(name).unlink(missing_ok=True)
        except (OSError, SafetensorError) as err:
            log.warning("states are not kept in %s: %s", self.root, err)

    def _folder(self, key: Key) -> Path:
        return self.root / _digest([repr(key), _versions()])

    def _texts(self, path: Path) -> dict[str, int]:
        if path not in self._rows:
            try:
                self._rows[path] = {text: row for row, text in enumerate(shelf.header(path)["texts"])}
            except (OSError, ValueError, KeyError, TypeError) as err:
                log.warning("%s cannot be read (%s): its words run again", path, err)
                return {}
        return self._rows[path]


def from_environment() -> DiskCache | None:
    """The cache in the folder that `TLI_BENCH_CACHE` names; None without one."""
    root = shelf.folder()
    return DiskCache(root) if root else None


@cache
def _versions() -> str:
    return json.dumps([FORMAT, *(version(name) for name in ("torch", "transformers", "peft", "tokenizers"))])


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()[:32]


def _packed(states: States) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Tensors by name, one that serves two purposes once, and everything else."""
    names: dict[int, str] = {}
    tensors: dict[str, torch.Tensor] = {}

    def named(tensor: torch.Tensor) -> str:
        name = names.setdefault(id(tensor), f"means {len(names)}")
        tensors[name] = tensor.contiguous()
        return name

    about: dict[str, Any] = {
        "layers": states.layers,
        "vectors": {pooling.value: named(tensor) for pooling, tensor in states.vectors.items()},
        "encoded": [asdict(item) for item in states.encoded],
    }
    if states.neurons is not None:
        tensors["neurons"] = states.neurons.contiguous()
    if states.first is not None:
        first = states.first
        tensors["norms"], tensors["origins"] = torch.cat(first.norms, dim=1), first.origins.contiguous()
        about["first"] = {
            "excluded": named(first.excluded), "which": first.which, "counts": first.counts,
            "tokens": [one.shape[1] for one in first.norms],
        }  # fmt: skip
    return tensors, about


def _read(path: Path) -> States:
    about = shelf.header(path)
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  it is no mapping
    first = about.get("first")
    return States(
        tuple(about["layers"]),
        {Pooling(pooling): tensors[name] for pooling, name in about["vectors"].items()},
        tuple(_encoded(item) for item in about["encoded"]),
        FirstPosition(
            tensors["norms"].split(first["tokens"], dim=1), tensors["origins"], tuple(first["which"]),
            tensors[first["excluded"]], tuple(first["counts"]),
        )
        if first
        else None,
        tensors.get("neurons"),
    )  # fmt: skip


def _encoded(item: Mapping[str, Any]) -> Encoded:
    lists = {name: tuple(value) for name, value in item.items() if isinstance(value, list)}
    return Encoded(**{**item, **lists})
