"""The numbers of a model's configuration: one that is NaN makes every hidden state NaN, far from where it is written."""

import math
from collections.abc import Iterator
from typing import Any

from tli_bench.base.errors import ModelError

_SMALL = ("eps", "epsilon")
"""Ends of the names of what is added to a variance: it must be a number, too."""


def require_numbers(config: Any, name: str) -> None:
    """Raise ModelError for a configuration that holds NaN, or an infinite or negative epsilon; infinite limits are ordinary."""
    for key, value in _numbers(config.to_dict(), ""):
        small = key.endswith(_SMALL)
        if (isinstance(value, float) and math.isnan(value)) or (small and not 0 <= value < math.inf):
            raise ModelError(
                f"the configuration of {name} says {key} = {value}, with which nothing can be computed; restore its config.json"
            )


def _numbers(value: Any, key: str) -> Iterator[tuple[str, float | int]]:
    if isinstance(value, float | int) and not isinstance(value, bool):
        yield key, value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _numbers(part, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _numbers(part, key)
