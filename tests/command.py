"""The real command line, as a user runs it."""

import os
import subprocess
import sys


def tli_bench(*arguments, code=0):
    """Run `tli-bench` in a process of its own; its output, or its standard error where it must fail with `code`."""
    done = subprocess.run(
        [sys.executable, "-m", "tli_bench", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == code, done.stderr[-3000:]
    return done.stdout if code == 0 else done.stderr
