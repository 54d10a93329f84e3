"""Where a record comes from: the command, the commit of tli-bench and every option of the run."""

import datetime
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tli_bench.base.paths import data_dir


def _command() -> str:
    return shlex.join([os.path.basename(sys.argv[0]), *sys.argv[1:]])


def source_commit() -> str | None:
    """Commit of the checkout that tli-bench runs from, with `+dirty` when files differ; None for an installed wheel."""
    root = data_dir("tasks").parent
    if not (root / ".git").exists():
        return None
    commit = _git(root, "rev-parse", "--short=12", "HEAD")
    if commit is None:
        return None
    return commit + ("+dirty" if _git(root, "status", "--porcelain", "--untracked-files=no") else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What every record of a run says about its origin. recipe: all options of the run, None if they are not known."""

    command: str = field(default_factory=_command)
    source_commit: str | None = field(default_factory=source_commit)
    recipe: dict[str, Any] | None = None

    def fields(self) -> dict[str, Any]:
        """The fields of a record made now."""
        return {
            "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "command": self.command,
            "source_commit": self.source_commit,
            "recipe": self.recipe,
        }


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
