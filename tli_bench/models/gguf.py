"""GGUF files: which file a name means, and what is in it. transformers turns its weights back into ordinary ones."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tli_bench.base.errors import ModelError
from tli_bench.base.paths import expanded
from tli_bench.models.hub import first_line
from tli_bench.models.plausible import implausible_gguf

SUFFIX = ".gguf"


@dataclass(frozen=True, slots=True)
class GgufFile:
    """A GGUF file by name. home: the folder that it is in, or with hub its repository on the Hub."""

    home: str
    file: str
    hub: bool


def gguf_of(name: str) -> GgufFile | None:
    """What `--model NAME` means where it names a GGUF file, `FILE.gguf` or `ORG/NAME:FILE.gguf`; None where it does not.

    Raises ModelError where the package that reads such files is missing.
    """
    if not name.endswith(SUFFIX):
        return None
    if find_spec("gguf") is None:
        raise ModelError(f"{name} is read by the package gguf, which is not installed: pip install 'tli-bench[gguf]'")
    repository, colon, file = name.partition(":")
    if colon and repository.count("/") == 1 and not os.path.exists(name):
        return GgufFile(repository, file, hub=True)
    path = expanded(name)
    return GgufFile(str(path.parent), path.name, hub=False)


def stored_as(path: Path) -> str:
    """How the weights of a file are stored, as in `gguf Q4_1`.

    Raises ModelError for a file that cannot be read, or whose sizes cannot be those of its tensors: before anything is allocated for it.
    """
    import gguf

    try:
        read = gguf.GGUFReader(path)
        field = read.fields.get("general.file_type")
        kind = gguf.LlamaFileType(int(field.parts[-1][0])).name if field else "of unknown type"
        numbers = dict(_numbers(read))
        shapes = {tensor.name: tuple(map(int, tensor.shape)) for tensor in read.tensors}
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError) as err:
        raise ModelError(f"{path} is not a GGUF file that can be read: {first_line(err)}") from err
    if wrong := implausible_gguf(numbers, shapes):
        raise ModelError(f"{path} contradicts itself: {wrong}; fetch it again")
    return f"gguf {kind.removeprefix('MOSTLY_').removeprefix('ALL_')}"


def _numbers(read: Any) -> Iterator[tuple[str, int]]:
    """The whole numbers by which a file describes its architecture, without the architecture's name."""
    import gguf

    whole = {kind for kind in gguf.GGUFValueType if kind.name.startswith(("INT", "UINT"))}
    for name, field in read.fields.items():
        if len(field.types) == 1 and field.types[0] in whole:
            yield name.partition(".")[2], int(field.parts[-1][0])
