"""The files of kept states: where they are, what each says of itself, how much room they take. Nothing here loads torch.

`TLI_BENCH_CACHE` names their folder; without it nothing is kept on disk.
"""

import logging
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tli_bench.base.files import remove_leftovers
from tli_bench.base.jsons import parse_json
from tli_bench.base.paths import expanded
from tli_bench.models.plausible import read_header

log = logging.getLogger(__name__)
ENVIRONMENT = "TLI_BENCH_CACHE"
SUFFIX = ".safetensors"
TOLD = ".json"
"""Of the files that say what loading a model told (`vectors.told`)."""
MARK = "tli-bench-states"
_NAME = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Part:
    """One file of states. about: what it says of itself: state of the model, framing, model, layers, number of texts."""

    path: Path
    size: int
    used: float
    about: Mapping[str, Any]


def folder() -> Path | None:
    """The folder that `TLI_BENCH_CACHE` names; None without one."""
    named = os.environ.get(ENVIRONMENT, "").strip()
    return expanded(named) if named else None


def _files(root: Path) -> list[Path]:
    """Files with names that we give, in folders with names that we give: nothing else is ever touched."""
    found = root.glob(f"*/*{SUFFIX}")
    return [path for path in found if _NAME.fullmatch(path.stem) and _NAME.fullmatch(path.parent.name)]


def parts(root: Path) -> list[Part]:
    """Every file of states that can be read, the one unused for longest first; one that cannot is named in the log."""
    found = []
    for path in _files(root):
        try:
            about, stat = header(path), path.stat()
        except (OSError, ValueError, KeyError) as err:
            log.warning("%s cannot be read (%s); `tli-bench cache clear` removes it", path, err)
            continue
        found.append(Part(path, stat.st_size, stat.st_mtime, about))
    return sorted(found, key=lambda part: (part.used, part.path))


def header(path: Path) -> dict[str, Any]:
    """What a file says of itself; raises ValueError or KeyError for one that is not ours."""
    return dict(parse_json(read_header(path)["__metadata__"][MARK]))


def clear(root: Path) -> tuple[int, int]:
    """Remove every file of states, the folders that held them and what loading models told; how many files and bytes went.

    Anything else stays.
    """
    count = size = 0
    for path in root.glob(f"*{TOLD}"):
        if _NAME.fullmatch(path.stem):
            count, size = count + 1, size + path.stat().st_size
            path.unlink(missing_ok=True)
    for path in _files(root):
        with suppress(FileNotFoundError):  # another process was quicker
            count, size = count + 1, size + path.stat().st_size
            path.unlink()
    remove_leftovers(root, ".*.tmp-*", shared=True)
    for place in root.glob("*"):
        if _NAME.fullmatch(place.name) and place.is_dir():
            remove_leftovers(place, ".*.tmp-*", shared=True)
            with suppress(OSError):  # something else is in it
                place.rmdir()
    return count, size


def make_room(root: Path, size: int, *, limit: int) -> bool:
    """Remove what was unused for longest until `size` more bytes fit; false if they would not fit into an empty folder."""
    if size > limit:
        return False
    sizes: dict[Path, tuple[float, int]] = {}
    for path in _files(root):
        with suppress(FileNotFoundError):  # another process made room, too
            about = path.stat()
            sizes[path] = about.st_mtime, about.st_size
    held = sum(each for _, each in sizes.values())
    for path, (_, each) in sorted(sizes.items(), key=lambda item: item[1]):
        if held + size <= limit:
            break
        held -= each
        path.unlink(missing_ok=True)
    return True
