"""The command line as a user types it: in this process, or in one of its own where that is what is tested."""

import io
import os
import subprocess
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from unittest import mock

from tests.forked import python
from tli_bench.cli import main


def tli_bench(*arguments, code=0):
    """Run `tli-bench` in this process, printing as into a pipe; its output, or its standard error where it must fail with `code`."""
    out, err = io.StringIO(), io.StringIO()
    # What the command sets for its own process is undone: environment and filters of warnings.
    with mock.patch.dict(os.environ), warnings.catch_warnings(), redirect_stdout(out), redirect_stderr(err):
        try:
            main([str(argument) for argument in arguments])
            status = 0
        except SystemExit as stop:
            status = stop.code or 0
    assert status == code, err.getvalue()[-3000:]
    return out.getvalue() if code == 0 else err.getvalue()


def in_a_process(*arguments, code=0, timeout=300):
    """The same in a process of its own: for entry points on the path, environments, and what is written to a real pipe."""
    done = python("-m", "tli_bench", *arguments, timeout=timeout)
    assert done.returncode == code, done.stderr[-3000:]
    return done.stdout if code == 0 else done.stderr


def require_light(*calls, heavy=("torch", "transformers", "peft", "lm_eval"), code=0):
    """Run the command lines `calls` in one process of its own: each must exit with `code`, none may import `heavy`.

    Gives its output; where they are to fail, what each wrote to standard error, as a list in JSON. Where torch may be imported,
    it was already.
    """
    program = (
        "import contextlib, io, json, sys\nfrom tli_bench.cli import main\nsaid = []\n"
        f"for call in {[list(map(str, call)) for call in calls]!r}:\n"
        f"    err = io.StringIO() if {code} else sys.stderr\n    status = 0\n"
        "    try:\n        with contextlib.redirect_stderr(err): main(call)\n"
        "    except SystemExit as stop:\n        status = stop.code or 0\n"
        f"    assert status == {code}, (call, status)\n"
        f"    heavy = {set(heavy)!r} & set(sys.modules)\n    assert not heavy, (call, heavy)\n"
        f"    if {code}: said.append(err.getvalue())\n"
        f"if {code}: print(json.dumps(said))\n"
    )
    if "torch" in heavy:
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    else:
        done = python("-c", program)
    assert done.returncode == 0, done.stderr
    return done.stdout
