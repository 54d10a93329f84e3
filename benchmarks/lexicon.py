"""Seconds of CPU and memory to load and check a two-column list of made-up pairs; fails above the budget.

Usage: python benchmarks/lexicon.py [--pairs N] [--budget SECONDS] [--memory GIB]

One thread works, so seconds of CPU are those of an idle machine.
The defaults are those of 100,000 pairs; the other budget that is kept is --pairs 1000000 --budget 120 --memory 1.5.
"""

import argparse
import random
import resource
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
    """Seconds of CPU to load, seconds to check, and a one-line summary of what was found."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pairs.tsv"
        with path.open("w", encoding="utf-8") as out:
            for _ in range(0, pairs, 1000):  # piece by piece: the memory that counts is the list's
                rows = zip(words(1000, rng=rng), words(1000, rng=rng), strict=True)
                out.writelines(f"{source}\t{target}\n" for source, target in rows)
        start = time.process_time()
        lexicon = load_lexicon(path, pair="swh-eng")
        loaded = time.process_time()
        report = check(lexicon)
        done = time.process_time()
    sizes = {split: sum(p.split == split for p in lexicon.pairs) for split in ("train", "dev", "control")}
    return loaded - start, done - loaded, f"{len(lexicon.pairs)} pairs after merging, {sizes}, findings {report.counts}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--budget", type=float, default=10.0, help="seconds of CPU for loading and checking together")
    parser.add_argument("--memory", type=float, default=1.5, help="GiB at most")
    options = parser.parse_args()
    load, check_time, found = measure(options.pairs)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"load {load:.2f} s, check {check_time:.2f} s, {memory:.2f} GiB ({options.pairs} lines; {found})")
    if load + check_time > options.budget or memory > options.memory:
        print(f"over the budget of {options.budget:.1f} s or {options.memory:.1f} GiB", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
