"""`--layers 0-8`: which hidden states of a model are asked for, and so how many of its blocks have to be loaded."""

import re

from tli_bench.base.errors import InputError

_RANGE = re.compile(r"0-([1-9][0-9]{0,3})")


def first_blocks(layers: str | None) -> int | None:
    """How many blocks lie below the last of the layers `0-K`; None where nothing is asked for, which means all.

    Raises InputError for a text that is not such a range.
    """
    if layers is None:
        return None
    found = _RANGE.fullmatch(layers.strip())
    if not found:
        raise InputError(
            f"--layers {layers!r} is not a range from the embeddings on; give 0-K, e.g. 0-8 for the embeddings and the first 8 blocks"
        )
    return int(found[1])
