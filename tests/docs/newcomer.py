"""`python -m tests.docs.newcomer`: what somebody new does, to the letter, in a place of its own.

The last commit is cloned and installed as the first tutorial says, into an environment that is made for it. Then every command of the
tutorials is typed there, in a shell with an empty home, nothing of this environment and, where the kernel allows it, no network;
what it prints is compared with what the page shows. Ten minutes, of which the installation takes two. Ends with exit status 1 if anything
was different.

Usage: python -m tests.docs.newcomer [--pages PAGE,...] [--keep FOLDER]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.docs.blocks import ROOT
from tests.docs.walked import run, walk

PAGES = (
    "docs/index.md",
    "docs/tutorials/first-model.md",
    "docs/reading-a-report.md",
    "docs/tutorials/train-an-adapter.md",
    "docs/tutorials/add-your-language.md",
)
INSTALL = "make .venv/.installed"
ACTIVATE = ". .venv/bin/activate"
NO_NETWORK = ("unshare", "--map-root-user", "--net")


def main() -> int:
    """Clone and install, then walk the pages in the clone's own environment."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", default=",".join(PAGES), help="which, joined by commas; the tutorials otherwise")
    parser.add_argument("--keep", type=Path, help="an empty folder to work in, which stays")
    parser.add_argument("--installed", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.installed:
        return walk_all(options.pages.split(","))
    with tempfile.TemporaryDirectory() as scratch:
        place = (options.keep or Path(scratch)).resolve()
        clone, home = place / "tli-bench", place / "home"
        home.mkdir(parents=True)
        _typed(f"git clone --quiet {ROOT} {clone}", place)
        began = time.monotonic()
        assert INSTALL in (clone / "docs/tutorials/first-model.md").read_text(encoding="utf-8")
        _typed(INSTALL, clone)
        print(f"installed in {time.monotonic() - began:.0f} s", flush=True)
        alone = _without_network()
        print("no network from here on" if alone else "the network stays on: this kernel gives users none of their own")
        # One environment variable of the reader's is left: where programs of the machine are.
        empty = {"HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
        again = [str(clone / ".venv/bin/python"), "-m", "tests.docs.newcomer", "--installed", "--pages", options.pages]
        return subprocess.run([*alone, *again], cwd=clone, env=empty, check=False).returncode


def walk_all(pages: list[str]) -> int:
    """Walk pages one after another in the current folder, as a reader of all of them would; the exit status."""
    failed = 0
    for page in pages:
        began = time.monotonic()
        wrong = walk(page, Path.cwd(), typed=_activated)
        failed += bool(wrong)
        print(
            f"{page}: {'as it says' if not wrong else 'NOT as it says'}, {time.monotonic() - began:.0f} s", flush=True
        )
        print(*wrong, sep="\n\n", end="\n" if wrong else "", flush=True)
    return int(failed > 0)


def _activated(line: str, folder: Path) -> str:
    return run(line, folder) if line.startswith("export ") else _typed(f"{ACTIVATE}; {line}", folder)


def _typed(line: str, folder: Path) -> str:
    """What a line prints in a shell; raises AssertionError, with what it said, where it fails."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def _without_network() -> tuple[str, ...]:
    try:
        done = subprocess.run([*NO_NETWORK, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return ()
    return () if done.returncode else NO_NETWORK


if __name__ == "__main__":
    sys.exit(main())
