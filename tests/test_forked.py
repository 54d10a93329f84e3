"""A forked process is to a test what a started one is: the same output, arguments, environment, folder, exit and death."""

import os
import signal
import subprocess
import sys

import pytest

from tests.forked import Forked, python

FACTS = """
import os, sys
print(sys.argv, os.environ.get("ONLY_HERE"), os.environ.get("HF_HUB_OFFLINE"), os.getcwd(), __name__)
print("said", file=sys.stderr)
raise SystemExit(int(sys.argv[1]))
"""


@pytest.mark.parametrize("code", [0, 3])
def test_it_is_told_and_tells_what_a_started_one_does(tmp_path, code):
    env = {"ONLY_HERE": "yes", "PATH": os.environ["PATH"]}
    asked = {"env": env, "cwd": tmp_path, "timeout": 60}
    started = subprocess.run([sys.executable, "-c", FACTS, str(code)], capture_output=True, text=True, **asked)
    forked = python("-c", FACTS, code, **asked)
    assert (forked.returncode, forked.stdout, forked.stderr) == (code, started.stdout, started.stderr)
    assert "yes None" in forked.stdout


def test_an_error_is_a_traceback_and_status_1():
    done = python("-c", "import sys\nsys.stdout.write('before')\nraise RuntimeError('broken')")
    assert (done.returncode, done.stdout) == (1, "before")
    assert "RuntimeError: broken" in done.stderr


def test_nothing_of_ours_and_of_hugging_face_is_there_before_it_starts():
    """What they read of the environment is read by each process anew."""
    ours = "{'tli_bench', 'tests.conftest', 'transformers', 'huggingface_hub', 'datasets', 'lm_eval', 'peft'}"
    done = python("-c", f"import sys\nprint('torch' in sys.modules, {ours} & set(sys.modules))")
    assert done.stdout == "True set()\n", done.stderr


def test_modules_are_found_where_its_own_path_says(tmp_path):
    (tmp_path / "shown.py").write_text("import sys\nprint(__name__, sys.argv[1:])\n", encoding="utf-8")
    assert python("-m", "shown", "a", env={"PYTHONPATH": str(tmp_path)}).stdout == "__main__ ['a']\n"


def test_a_killed_one_says_so():
    process = Forked("-c", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    assert process.result(timeout=60).returncode == -signal.SIGKILL


def test_one_that_does_not_end_fails_its_test():
    with pytest.raises(pytest.fail.Exception, match="did not end within 1 s"):
        Forked("-c", "import time\ntime.sleep(60)").result(timeout=1)
