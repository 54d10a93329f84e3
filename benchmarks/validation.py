"""Seconds to read and check 10,000 records as `tli-bench results validate` does; fails above the budget.

Usage: python -m benchmarks.validation [--records N] [--budget SECONDS]

The committed records, one after another and again from the beginning until there are enough.
"""

import argparse
import resource
import sys
import time
from itertools import cycle, islice
from pathlib import Path

from tli_bench.base.paths import data_dir
from tli_bench.records.checked import Refused, checked
from tli_bench.records.sources import record_paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--budget", type=float, default=300.0)
    options = parser.parse_args()
    root: Path = data_dir("leaderboards") / "records"
    paths = record_paths(root)
    started, cpu = time.perf_counter(), time.process_time()
    refused = sum(isinstance(one, Refused) for one in checked(islice(cycle(paths), options.records), root))
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{options.records} records ({len(paths)} different ones, {refused} refused): {seconds:.1f} s, {cpu:.1f} s of CPU, {memory:.0f} MiB"
    )
    if seconds > options.budget:
        sys.exit(f"slower than the budget of {options.budget:.0f} s")


if __name__ == "__main__":
    main()
