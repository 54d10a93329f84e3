"""Seconds to stream a store of made-up records (two layers, 10 words, 12 measures each); fails above the budget.

Usage: python -m benchmarks.results [--records N] [--budget SECONDS]
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.support import scored_record
from tli_bench.records import RecordStore
from tli_bench.records.seal import sealed_json


def fill(folder: Path, count: int) -> int:
    """Write `count` records, 500 per model; returns their size in bytes."""
    template = sealed_json(scored_record(scores=tuple(0.01 * i for i in range(10))))
    size = 0
    for i in range(count):
        path = folder / f"model-{i // 500}" / f"{i % 500}.json"
        path.parent.mkdir(exist_ok=True)
        size += path.write_bytes(template)
    return size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--budget", type=float, default=3.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        size = fill(Path(folder), options.records)
        start = time.perf_counter()
        count = sum(1 for _ in RecordStore(Path(folder)))
        seconds = time.perf_counter() - start
    print(f"{count} records, {size / 1e6:.0f} MB: {seconds:.2f} s, {size / 1e6 / seconds:.0f} MB/s")
    if seconds > options.budget:
        sys.exit(f"slower than the budget of {options.budget} s")


if __name__ == "__main__":
    main()
