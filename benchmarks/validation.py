"""Seconds of CPU that `tli-bench results validate` takes for 10,000 records; fails above the budget.

Usage: python -m benchmarks.validation [--records N] [--budget SECONDS]

The committed records, under as many names as it takes: each is a file of its own in a folder that is made for this.
"""

import argparse
import contextlib
import io
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tli_bench.base.paths import data_dir
from tli_bench.cli import main as tli_bench
from tli_bench.records.sources import record_paths


def copies(root: Path, folder: Path, records: int) -> int:
    """Put that many records under `folder`, those under `root` again and again; returns how many different ones they are."""
    paths = record_paths(root)
    for number in range(records):
        path = paths[number % len(paths)]
        place = folder / f"copy-{number // len(paths)}" / path.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path, place)
        except OSError:  # another file system
            shutil.copy(path, place)
    return min(records, len(paths))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--budget", type=float, default=300.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        different = copies(data_dir("leaderboards") / "records", Path(folder), options.records)
        started, cpu = time.perf_counter(), time.process_time()
        with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.suppress(SystemExit):
            tli_bench(["results", "validate", folder])
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    told = said.getvalue().splitlines()[-1]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{told} ({different} different ones): {cpu:.1f} s of CPU, {seconds:.1f} s, {memory:.0f} MiB")
    if told != f"{options.records} valid, 0 invalid":
        sys.exit("not every record is valid")
    if cpu > options.budget:
        sys.exit(f"more CPU than the budget of {options.budget:.0f} s")


if __name__ == "__main__":
    main()
