"""Work measured in turns: CPU seconds of this process, medians over rounds, and how far its memory rises."""

import ctypes
import gc
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

Work = Callable[[], object]
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def in_turns(ways: Mapping[str, Work], rounds: int) -> dict[str, float]:
    """Median CPU seconds of each way: every round runs each once, after a round that does not count."""
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, work in ways.items():
            start = time.process_time()
            work()
            spent[name].append(time.process_time() - start)
    return {name: statistics.median(times[1:]) for name, times in spent.items()}


def peak_rise(work: Work) -> float | None:
    """By how many MiB the memory of this process rose at most while it worked; None where the system cannot tell."""
    gc.collect()
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)  # what was freed before counts as free
        _RESET.write_text("5")  # the peak begins anew
        before = _mib("VmRSS")
        work()
        return _mib("VmHWM") - before
    except OSError:
        return None


def _mib(name: str) -> float:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024
