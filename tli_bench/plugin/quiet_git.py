"""lm-eval asks git for the commit of the working folder, and git complains on standard error where there is none."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lm_eval import evaluator


@contextmanager
def asking_git_only_where_it_is() -> Iterator[None]:
    """Inside the `with` block, lm-eval asks git for a commit only in a repository; what else git has to say is still heard."""
    asked = evaluator.get_git_commit_hash
    if not _in_repository(Path.cwd()):
        evaluator.get_git_commit_hash = lambda: None
    try:
        yield
    finally:
        evaluator.get_git_commit_hash = asked


def _in_repository(folder: Path) -> bool:
    return "GIT_DIR" in os.environ or any((parent / ".git").exists() for parent in (folder, *folder.parents))
