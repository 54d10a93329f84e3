"""Seconds to load and check a two-column list of 18,000 made-up pairs; fails above the budget.

Usage: python benchmarks/lexicon.py [--pairs N] [--budget SECONDS]
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tli_bench.lexicon import check, load_lexicon

SYLLABLES = [
    c + v for c in ("b", "ch", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "w", "z") for v in "aeiou"
]
ENDINGS = ("", "n", "r", "t", "sh", "ll")


def words(n: int, *, rng: random.Random) -> list[str]:
    """`n` pronounceable words of two to four syllables, some of them repeated as in real lists."""
    return ["".join(rng.choices(SYLLABLES, k=rng.choice((2, 3, 3, 4)))) + rng.choice(ENDINGS) for _ in range(n)]


def measure(pairs: int, *, seed: int = 0) -> tuple[float, float, str]:
    """Seconds to load, seconds to check, and a one-line summary of what was found."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pairs.tsv"
        rows = zip(words(pairs, rng=rng), words(pairs, rng=rng), strict=True)
        path.write_text("".join(f"{s}\t{t}\n" for s, t in rows), encoding="utf-8")
        start = time.perf_counter()
        lexicon = load_lexicon(path, pair="swh-eng")
        loaded = time.perf_counter()
        report = check(lexicon)
        done = time.perf_counter()
    sizes = {split: sum(p.split == split for p in lexicon.pairs) for split in ("train", "dev", "control")}
    return loaded - start, done - loaded, f"{len(lexicon.pairs)} pairs after merging, {sizes}, findings {report.counts}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=18_000)
    parser.add_argument("--budget", type=float, default=2.0, help="seconds for loading and checking together")
    options = parser.parse_args()
    load, check_time, found = measure(options.pairs)
    print(f"load {load:.2f} s, check {check_time:.2f} s ({options.pairs} lines; {found})")
    if load + check_time > options.budget:
        print(f"over the budget of {options.budget:.1f} s", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
