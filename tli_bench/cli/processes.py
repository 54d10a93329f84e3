"""Several processes started as one command by torchrun or accelerate: rank 0 is the one that speaks, writes and decides."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from tli_bench.base.errors import InputError
from tli_bench.base.launched import processes, rank
from tli_bench.cli.failures import FAILED, exit_code
from tli_bench.cli.quiet import quiet_libraries

if TYPE_CHECKING:
    from tli_bench.plugin.shared import Follower
    from tli_bench.vectors.ranks import Ranks

_SHARED = ("run",)
"""Verbs whose other ranks say nothing: whatever goes wrong on one of them is told to rank 0."""


def require_one_process(verb: str, instead: str) -> None:
    """Raise InputError under torchrun or accelerate with more than one process; instead: what to do."""
    if processes() > 1:
        raise InputError(f"tli-bench {verb} runs as one process, but was started as {processes()}; {instead}")


def silence_others(arguments: Sequence[str]) -> None:
    """From now on, all but rank 0 of a verb that shares its work write nothing: they would say the same once more."""
    if processes() > 1 and rank() > 0 and arguments[:1] and arguments[0] in _SHARED:
        sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  until the process ends


def joined() -> "Ranks | None":
    """The processes of this run, joined; None where there is one. Raises InputError where they cannot be joined."""
    if processes() == 1:
        return None
    quiet_libraries()  # before torch is imported, which brings some of them
    from tli_bench.vectors.ranks import Ranks

    return Ranks(rank(), processes())


def follow(ranks: "Ranks") -> int:
    """Answer rank 0 until it ends; gives its exit code. Nothing heavy is imported before rank 0 asks for something."""

    @cache
    def follower() -> "Follower":
        from tli_bench.plugin.shared import Follower

        return Follower(ranks)

    return ranks.follow(lambda what, told: follower()(what, told))


@contextmanager
def leading(ranks: "Ranks | None") -> Iterator[None]:
    """Rank 0's work: whichever way it ends, the other ranks end with its exit code."""
    code = FAILED
    try:
        yield
        code = 0
    except Exception as err:
        code = exit_code(err)
        raise
    finally:
        if ranks is not None:
            ranks.end(code)
