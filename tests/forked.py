"""Python processes that need not import torch again: forked from one that did so once, for a test of processes, not of imports.

What a process imports beyond that, its environment, arguments, folder, output, exit and death are its own, as if it had been started.
Nothing that reads an environment variable of Hugging Face is imported before it, and nothing of ours.
"""

import gc
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

IMPORTED = (
    *("torch", "torch._dynamo", "torch.distributed.fsdp", "scipy.stats", "scipy.optimize", "sympy"),
    *(
        "numpy",
        "pandas",
        "pyarrow",
        "pydantic",
        "jinja2",
        "yaml",
        "rapidfuzz",
        "PIL.Image",
        "psutil",
        "fsspec",
        "chardet",
    ),
)
"""Two thirds of what a run takes to import."""


class Forked:
    """A running `python -c CODE ...` or `python -m MODULE ...`; the words after `python` are `arguments`."""

    def __init__(
        self, *arguments: object, env: Mapping[str, str] | None = None, cwd: str | os.PathLike[str] | None = None
    ) -> None:
        self.args = list(map(str, arguments))
        self._folder = tempfile.TemporaryDirectory()
        self._said = tuple(Path(self._folder.name, name) for name in ("out", "err"))
        for path in self._said:
            path.touch()
        environment = dict(os.environ if env is None else env)
        self.process: BaseProcess = _server().Process(
            target=_run, args=(self.args, environment, str(cwd or Path.cwd()), self._said)
        )
        self.process.start()

    def result(self, *, timeout: float) -> subprocess.CompletedProcess[str]:
        """Its output and return code once it has ended, or has been killed after `timeout` seconds: then the test fails."""
        self.process.join(timeout)
        late = self.process.exitcode is None
        if late:
            self.process.kill()
            self.process.join()
        code = self.process.exitcode
        self.process.close()
        said = [path.read_text(encoding="utf-8", errors="replace") for path in self._said]
        self._folder.cleanup()
        if late:
            pytest.fail(f"{self.args} did not end within {timeout} s: {said[1][-3000:]}")
        assert code is not None
        return subprocess.CompletedProcess(self.args, code, *said)


def python(
    *arguments: object,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    timeout: float = 300,
) -> subprocess.CompletedProcess[str]:
    """Run `python *arguments` to its end, as `subprocess.run` would with the output captured as text."""
    return Forked(*arguments, env=env, cwd=cwd).result(timeout=timeout)


@cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(IMPORTED))
    return context


def _run(arguments: list[str], environment: dict[str, str], cwd: str, said: tuple[Path, ...]) -> None:
    """What the fork does: become `python *arguments`."""
    # What it was born with is in use for good: no garbage collection of its own goes through that again, and copies it.
    gc.freeze()
    for target, path in enumerate(said, start=1):
        handle = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.dup2(handle, target)
        os.close(handle)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    sys.path[:0] = [cwd, *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    how, what, *rest = arguments
    if how == "-m":
        sys.argv = [what, *rest]
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    elif how == "-c":
        sys.argv = ["-c", *rest]
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})
    else:
        raise ValueError(f"give -m MODULE or -c CODE, not {how!r}")
