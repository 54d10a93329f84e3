"""The sign-flip permutation test of a mean difference: exact under symmetry, whatever the distribution."""

import numpy as np

from tli_bench.stats.arrays import Floats
from tli_bench.stats.bootstrap import chunks

FLIPS = 10_000


def sign_flip_p(differences: Floats, *, seed: int = 0, flips: int = FLIPS) -> float:
    """Two-sided p of the mean of paired `differences` `[n]`: (1 + hits) / (1 + flips), each flip a random sign for each item."""
    rng = np.random.default_rng(seed)
    total, n = differences.sum(), len(differences)
    slack = 1e-12 * np.abs(differences).sum()
    hits, width = 0, -(-n // 8)
    for count in chunks(n, flips):
        bits = np.unpackbits(rng.integers(0, 256, size=(count, width), dtype=np.uint8), axis=1, count=n)
        flipped = 2 * (bits @ differences) - total
        hits += int((np.abs(flipped) >= abs(total) - slack).sum())
    return (1 + hits) / (1 + flips)
