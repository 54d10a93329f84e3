"""The real command line, as a user runs it."""

import os
import subprocess
import sys


def tli_bench(*arguments, code=0, timeout=300):
    """Run `tli-bench` in a process of its own; its output, or its standard error where it must fail with `code`."""
    done = subprocess.run(
        [sys.executable, "-m", "tli_bench", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == code, done.stderr[-3000:]
    return done.stdout if code == 0 else done.stderr


def require_light(*calls, heavy=("torch", "transformers", "peft", "lm_eval")):
    """Run the command lines `calls` in one process of its own: each must end well, none may import `heavy`; its output."""
    code = (
        "import sys\nfrom tli_bench.cli import main\n"
        f"for call in {[list(map(str, call)) for call in calls]!r}:\n"
        "    try:\n        main(call)\n    except SystemExit as stop:\n        assert not stop.code, (call, stop.code)\n"
        f"heavy = {set(heavy)!r} & set(sys.modules)\nassert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout
