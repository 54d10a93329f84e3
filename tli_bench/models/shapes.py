"""Do tensors fit the places that they are meant for? Names and shapes are compared, once for files and for other weights."""

from collections.abc import Mapping
from typing import NamedTuple

Shapes = Mapping[str, tuple[int, ...]]
"""Shape of each tensor by its name."""


class Misfit(NamedTuple):
    """A tensor that does not fit: its shape as given and as expected, `missing` or `absent` where there is none."""

    name: str
    given: object
    expected: object


def first_misfit(given: Shapes, expected: Shapes) -> Misfit | None:
    """The first tensor, by name, that only one side has or whose shapes differ; None where all fit."""
    for name in sorted(given.keys() | expected.keys()):
        if given.get(name) != expected.get(name):
            return Misfit(name, given.get(name, "missing"), expected.get(name, "absent"))
    return None
