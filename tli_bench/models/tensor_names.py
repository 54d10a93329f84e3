"""Names of the tensors in a model's files, from their headers alone: torch is not imported."""

from collections.abc import Iterable
from pathlib import Path

from tli_bench.base.errors import UnknownNameError
from tli_bench.models.plausible import header_shapes
from tli_bench.models.shapes import Shapes


def require_spelt(names: Iterable[str], folder: Path) -> None:
    """Raise UnknownNameError for a linear module that is one letter away from those that the files of a model have.

    Any other unknown name is left to the loaded model: some classes join or rename what their files hold.
    """
    known = linear_names(folder)
    for name in names:
        if name not in known and any(_one_letter(name, other) for other in known):
            raise UnknownNameError(
                "module", name, known, hint=f"the weights in {folder} have {', '.join(sorted(known))}"
            )


def linear_names(folder: Path) -> set[str]:
    """Last names of the matrices that lie inside a numbered block; none of files that cannot be read, which loading will tell."""
    found = set()
    for path in folder.glob("*.safetensors"):
        for name, shape in _shapes(path).items():
            *parents, module, kind = ["", *name.split(".")]
            if kind == "weight" and len(shape) == 2 and any(part.isdigit() for part in parents):
                found.add(module)
    return found


def _shapes(path: Path) -> Shapes:
    try:
        return header_shapes(path)
    except (OSError, ValueError):
        return {}


def _one_letter(one: str, other: str) -> bool:
    from rapidfuzz.distance import OSA

    return OSA.distance(one, other) == 1
