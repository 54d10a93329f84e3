"""What the fuzzer damages, and who reads it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Target:
    """One reader. seeds: contents of the file that is damaged; read: reads a file of that content from an own folder.

    name: of the file in that folder; place: what else must lie there. heavy: a case takes tens of milliseconds.
    """

    kind: str
    name: str
    seeds: tuple[bytes, ...]
    read: Callable[[Path], object]
    place: Callable[[Path], None] | None = None
    heavy: bool = False
