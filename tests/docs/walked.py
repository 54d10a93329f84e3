"""Do what a page says, in a copy of the tree: every block that needs nothing, in order, in one folder."""

import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

from tests.command import tli_bench
from tests.docs.blocks import Block, blocks, command_lines
from tli_bench.measures.registry import MEASURES, list_measures

_CHECK = doctest.OutputChecker()
# What differs from one run to the next and says nothing.
_TIMES = (
    (re.compile(r"\bin \d+ s\b"), "in N s"),
    (re.compile(r"results_\d{4}-[\dT-]+\.json"), "results_TIME.json"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "DATE"),
)


def walk(page: str, tree: Path, *, typed: Callable[[str, Path], str] | None = None) -> list[str]:
    """Run the page's blocks in `tree`, the current folder; what came out otherwise than the page says, empty if nothing did.

    typed: runs one line in a folder and gives its standard output; `run` otherwise.
    """
    wrong: list[str] = []
    names: dict[str, object] = {}
    printed = ""
    known = {measure.name for measure in list_measures()}
    for block in blocks(page):
        if block.needs:
            continue
        try:
            if block.title:
                target = tree / block.title
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(block.text, encoding="utf-8")
            elif block.language == "sh":
                for line in command_lines(block):
                    printed = (typed or run)(line, tree)
            elif block.language == "python":
                out = io.StringIO()
                with redirect_stdout(out):
                    exec(compile(block.text, f"{page}:{block.line}", "exec"), names)
                printed = out.getvalue()
        except (AssertionError, Exception) as failed:
            wrong.append(f"{page}:{block.line}: {type(failed).__name__}: {failed}")
            continue
        if block.printed is not None and not same(block.printed, printed):
            wrong.append(f"{page}:{block.line}: printed\n{printed}\nand not\n{block.printed}")
        if block.language == "text":
            wrong += [f"{page}:{block.line}: no line {line!r} in\n{printed}" for line in missing(block.text, printed)]
    for measure in list_measures():  # a page may have its reader add one
        if measure.name not in known:
            MEASURES.remove(measure.name)
    return wrong


def same(want: str, got: str) -> bool:
    """Whether `got` is what a page shows; `...` stands for anything, dates and durations are not compared."""
    return _CHECK.check_output(_timeless(want), _timeless(got), doctest.ELLIPSIS)


def missing(shown: str, printed: str) -> list[str]:
    """The lines of `shown` that `printed` does not hold; one of `...` alone stands for any number of them."""
    there = set(_timeless(printed).splitlines())
    return [line for line in _timeless(shown).splitlines() if line != "..." and line not in there]


def _timeless(text: str) -> str:
    for pattern, name in _TIMES:
        text = pattern.sub(name, text)
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines()) + "\n"


def run(line: str, tree: Path) -> str:
    """Run one line as a reader would type it; its standard output. `tli-bench` runs in this process, anything else in one of its own."""
    words = shlex.split(line)
    if words[0] == "export":
        name, _, value = words[1].partition("=")
        os.environ[name] = value
        return ""
    if words[0] == "tli-bench" and not re.search(r"[|<>;&]", line):
        return tli_bench(*words[1:])
    binaries = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "PYTHONPATH": str(tree)}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line], cwd=tree, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def runnable(page: str) -> list[Block]:
    """The blocks of a page that are run here."""
    return [block for block in blocks(page) if not block.needs and block.language in ("sh", "python")]
