"""Ctrl-C and SIGTERM at the moments at which an exception would become a traceback, or would be lost."""

import os
import signal
import subprocess
import sys

import pytest

RAISE = "signal.raise_signal(signal.{})"
MOMENTS = {
    "in an import that catches everything": "try:\n    {now}\nexcept BaseException:\n    raise ImportError('no numpy') from None",
    "in a destructor": "class Gone:\n    def __del__(self):\n        {now}\nGone()",
    "while threads are joined at the end": "import threading\nthreading._register_atexit(lambda: {now})",
    "at exit": "import atexit\natexit.register(lambda: {now})",
    "while it prints": "import io\nclass Slow(io.StringIO):\n    def write(self, text):\n        {now}\nsys.stdout = Slow()\nprint('half')",
}


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_signal_ends_the_process_with_one_line_and_its_status(moment, name):
    code = "import signal, sys\nfrom tli_bench.base.signals import end_in_one_line\nend_in_one_line()\nprint('before', flush=False)\n"
    done = subprocess.run(
        [sys.executable, "-c", code + MOMENTS[moment].format(now=RAISE.format(name))],
        capture_output=True,
        text=True,
        timeout=60,
    )
    told = {"SIGINT": "interrupted", "SIGTERM": "stopped by SIGTERM"}[name]
    assert done.stderr == f"{told}; what was finished is kept: run the same command again to go on\n"
    assert done.returncode == 128 + getattr(signal, name)
    assert done.stdout == "before\n", "what was printed before is shown"


def test_the_command_line_is_armed_before_anything_is_imported():
    code = (
        "import signal, sys\n"
        "class First:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'typer': signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, First())\n"
        "from tli_bench.__main__ import main\nmain()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr.count("\n"), "Traceback" in done.stderr) == (130, 1, False), done.stderr


def test_of_several_processes_of_one_training_only_the_first_speaks():
    code = "import signal\nfrom tli_bench.base.signals import end_in_one_line\nend_in_one_line()\nsignal.raise_signal(signal.SIGTERM)"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "RANK": "1"}, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (143, "")
