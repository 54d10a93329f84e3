"""Walk the steps of CONTRIBUTING.md in a copy of the tree: what a page tells people to type is what is run."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = "tests/report/vendor/"
"""What no step reads."""


def copy_of_the_tree(folder):
    """Every file that git tracks, as it is on disk now, in `folder`; the copy is not a git repository."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and not name.startswith(LEFT_OUT) and (ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)
    return folder


def section(title, page="CONTRIBUTING.md"):
    """The text under a heading of a page, to the next heading; fails where there is none."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no section {title!r}"
    return found[1]


def commands(title, page="CONTRIBUTING.md"):
    """The lines of the section's ```sh blocks, comments left out."""
    blocks = re.findall(r"^```sh\n(.*?)^```", section(title, page), flags=re.MULTILINE | re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    assert any(lines), f"the section {title!r} has no ```sh block"
    return [line for line in lines if line]


def type_in(tree, line, *, code=0):
    """Run one line in the copy as a contributor would, with the tools of this environment; its standard output.

    `make` is run as it is, but for the installation; `tli-bench` is the copy's own. Fails unless it ends with `code`.
    """
    words = shlex.split(line)
    binaries = Path(sys.executable).parent
    if words[0] == "make":
        venv = binaries.parent
        words[1:1] = ["-o", f"{venv}/.installed", f"VENV={venv}"]
    elif words[0] == "tli-bench":
        words[:1] = [sys.executable, "-m", "tli_bench"]
    environment = {**os.environ, "PYTHONPATH": str(tree), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, cwd=tree, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == code, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def touched(tree):
    """Paths of the copy whose content differs from the tree's own, or that only the copy has."""
    found = []
    for path in sorted(p for p in tree.rglob("*") if p.is_file()):
        name = path.relative_to(tree)
        if "__pycache__" in name.parts or name.parts[0] in (
            "runs",
            "build",
            ".mypy_cache",
            ".ruff_cache",
            ".pytest_cache",
        ):
            continue
        there = ROOT / name
        if not there.is_file() or there.read_bytes() != path.read_bytes():
            found.append(name.as_posix())
    return found
