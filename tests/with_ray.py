"""The mark of tests that need the package ray, and what they kill."""

import importlib.util
import os
from pathlib import Path

import pytest

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="the package ray is not installed: pip install 'tli-bench[ray]'"
)


def workers_of(process):
    """Processes of Ray's actors below a driver's own Ray."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                title = Path(f"/proc/{entry}/cmdline").read_bytes()
            except OSError:
                continue
            if title.startswith(b"ray::_Worker") and _session_of(entry) == _session_of(process.pid):
                found.append(int(entry))
    return found


def _session_of(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[3]
    except OSError:
        return None
