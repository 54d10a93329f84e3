"""Words as counts of their letter groups: the vectors of a model that knows spelling and nothing else. No torch here."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tli_bench.base.errors import UnscorableError

SIZES = (1, 2, 3)
"""Letters in a group; the edges of a word count as letters."""


def letter_groups(word: str) -> Counter[str]:
    """How often each group of one to three letters occurs in a word after NFC; `<` and `>` stand for its edges."""
    text = f"<{unicodedata.normalize('NFC', word)}>"
    return Counter(text[i : i + size] for size in SIZES for i in range(len(text) + 1 - size))


def letter_cosine(
    sources: Sequence[str], targets: Sequence[str], fit: tuple[Sequence[str], Sequence[str]] | None = None
) -> NDArray[np.float64]:
    """Cosine `[n, m]` of the unit counts of letter groups, each language's mean removed first, as a model's vectors are scored.

    fit: other words of both languages to take the means of; without them none is removed.
    Raises UnscorableError for an empty word.
    """
    known: dict[str, int] = {}
    sides = [_counts(words, known) for words in (sources, targets, *(fit or ()))]
    units = [_unit(side, len(known)) for side in sides]
    if fit is None or min(len(words) for words in fit) < 2:
        return np.asarray((units[0] @ units[1].T).todense())
    means = [np.asarray(unit.mean(axis=0)).ravel() for unit in units[2:]]
    # What is dense is only ever `[n, m]` or as long as the list of groups: (u - a)(v - b)' multiplied out.
    toward = [units[0] @ means[1], units[1] @ means[0]]
    product = (units[0] @ units[1].T).todense() - toward[0][:, None] - toward[1][None, :] + means[0] @ means[1]
    lengths = [
        np.sqrt(np.maximum(1 - 2 * (unit @ mean) + mean @ mean, 1e-12))
        for unit, mean in zip(units[:2], means, strict=True)
    ]
    return np.asarray(product) / lengths[0][:, None] / lengths[1][None, :]


Cells = tuple[list[int], list[int], list[int]]
"""Row, column and count of each cell of a sparse table."""


def _counts(words: Sequence[str], known: dict[str, int]) -> tuple[int, Cells]:
    rows: list[int] = []
    columns: list[int] = []
    counts: list[int] = []
    for row, word in enumerate(words):
        if not word:
            raise UnscorableError(f"word {row} is empty; an empty word has no letters to compare")
        groups = _grouped(word)
        rows += [row] * len(groups)
        columns += [known.setdefault(group, len(known)) for group in groups]
        counts += groups.values()
    return len(words), (rows, columns, counts)


@lru_cache(maxsize=1 << 15)
def _grouped(word: str) -> Counter[str]:
    # A word is counted as scored, as held out and, in English, for every pair.
    return letter_groups(word)


def _unit(side: tuple[int, Cells], width: int) -> sparse.csr_array:
    n, (rows, columns, counts) = side
    table = sparse.csr_array((np.array(counts, dtype=np.float64), (rows, columns)), shape=(n, width))
    lengths = np.sqrt(np.asarray(table.multiply(table).sum(axis=1)).ravel())
    return sparse.csr_array(sparse.diags_array(1 / lengths) @ table)
