"""The parts of a unit, several at once: statistics are many small steps, for which a core each is worth more than all cores for one."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Asked = TypeVar("Asked")
Found = TypeVar("Found")
_MATRICES = 16
"""So many matrices of a pool's pairs, of 8 bytes an entry, does a view hold at most."""
_MOST_BYTES = 1 << 30
"""What all views that are at work may hold together; a larger one has the cores to itself."""


def apart(do: Callable[[Asked], Found], asked: Sequence[Asked], *, words: int) -> list[Found]:
    """What `do` gives for each, in order, by as many threads as torch may use. words: in the largest pool of any.

    Each computes with one thread, so that the numbers do not depend on how many there are.
    """
    allowed = torch.get_num_threads()
    workers = min(allowed, len(asked), _MOST_BYTES // (8 * _MATRICES * max(words, 1) ** 2))
    if workers < 2:
        return [do(one) for one in asked]
    try:
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(do, asked))
    finally:
        torch.set_num_threads(allowed)  # it is one setting for all threads where MKL is concerned
