"""`--shard 3/64`: the part of a sweep that one job of an array runs; together the shards are the sweep."""

import re
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from tli_bench.base.errors import InputError

T = TypeVar("T")


class Shard(NamedTuple):
    """One of so many `parts`, counted from 1."""

    number: int
    parts: int

    def of(self, units: Sequence[T]) -> list[T]:
        """Every so many units one, so that all shards have about as many of each kind."""
        return list(units[self.number - 1 :: self.parts])


def shard_of(text: str) -> Shard:
    """From `3/64`; raises InputError for anything else."""
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text.strip())
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise InputError(
            f"--shard {text!r} is not a part of a sweep; give NUMBER/COUNT with 1 <= NUMBER <= COUNT, e.g. "
            "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT of `--array=1-64`"
        )
    return Shard(int(found[1]), int(found[2]))
