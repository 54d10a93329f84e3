"""Verbs that run as one process say so when they are started as several."""

import os

from tli_bench.base.errors import InputError


def require_one_process(verb: str, instead: str) -> None:
    """Raise InputError under torchrun or accelerate with more than one process; instead: what to do."""
    count = os.environ.get("WORLD_SIZE", "1")
    if count != "1":
        raise InputError(f"tli-bench {verb} runs as one process, but was started as {count}; {instead}")
