"""Sweeps over several workers: every point exactly once whoever dies, and next to no time spent on deciding who does what."""

import heapq
import random
import time
from collections import Counter

import pytest

from tli_bench.base.errors import InputError
from tli_bench.training.launch import TRIES, LaunchError, Outcome, launch
from tli_bench.training.shard import Shard, shard_of


class Simulated:
    """Workers that sleep on a clock of their own. deadly: by unit, how many workers die over it; broken: units that raise."""

    def __init__(self, *, seconds=lambda unit: 60.0, deadly=None, broken=(), start=0.0):
        self.clock = 0.0
        self._seconds, self._deadly, self._broken, self._start = seconds, Counter(deadly or {}), set(broken), start
        self._events, self._ready = [], {}
        self.started, self.finished, self.idle = Counter(), Counter(), 0.0

    def start(self, worker):
        self.started[worker] += 1
        self._ready[worker] = self.clock + self._start

    def submit(self, worker, unit):
        begin = max(self.clock, self._ready[worker])
        heapq.heappush(self._events, (begin + self._seconds(unit), worker, unit))

    def wait(self):
        self.clock, worker, unit = heapq.heappop(self._events)
        self._ready[worker] = self.clock
        if self._deadly[unit]:
            self._deadly[unit] -= 1
            return [Outcome(worker, unit, died=True)]
        if unit in self._broken:
            return [Outcome(worker, unit, error=ValueError(f"unit {unit} diverged"))]
        self.finished[unit] += 1
        return [Outcome(worker, unit)]


def test_every_unit_is_finished_once_although_workers_die():
    pool = Simulated(deadly={3: 1, 7: TRIES - 1, 11: 1})
    done = [outcome.unit for outcome in launch(range(40), pool, workers=4)]
    assert sorted(done) == list(range(40))
    assert set(pool.finished.values()) == {1}
    assert sum(pool.started.values()) == 4 + 1 + (TRIES - 1) + 1


def test_what_cannot_be_finished_is_told_after_all_else_is():
    pool, done = Simulated(deadly={2: TRIES}, broken={5}), []
    with pytest.raises(
        LaunchError, match=r"2 of 10 points were not finished; .*the same command runs what is missing"
    ) as error:
        done += (outcome.unit for outcome in launch(range(10), pool, workers=3))
    assert "unit 5 diverged" in str(error.value) or f"{TRIES} workers died over it" in str(error.value)
    assert sorted(pool.finished) == [0, 1, 3, 4, 6, 7, 8, 9]


def test_the_last_death_leaves_nothing_to_start():
    pool = Simulated(deadly={0: TRIES})
    with pytest.raises(LaunchError, match=f"{TRIES} workers died over it"):
        list(launch(range(1), pool, workers=8))
    assert sum(pool.started.values()) == TRIES


def test_scheduling_a_thousand_points_over_64_workers_costs_less_than_two_percent():
    """The scheduler's own time and the workers' waiting, over what they work; points take 30 to 90 seconds."""
    draw = random.Random(0)
    seconds = {unit: draw.uniform(30, 90) for unit in range(1000)}
    pool, began = Simulated(seconds=seconds.__getitem__), time.perf_counter()
    assert len(list(launch(range(1000), pool, workers=64))) == 1000
    scheduling = time.perf_counter() - began
    # All of the scheduler's time is charged to every worker, although it runs beside them; the tail, in which the last points end, is not
    # scheduling: with it no order can be better than the longest point.
    work = sum(seconds.values())
    assert 64 * scheduling / work < 0.02
    assert (pool.clock - work / 64 - max(seconds.values())) / (work / 64) < 0.02


def test_shards_are_the_sweep():
    units = list(range(1000))
    parts = [Shard(number, 64).of(units) for number in range(1, 65)]
    assert sorted(unit for part in parts for unit in part) == units
    assert {len(part) for part in parts} == {15, 16}
    assert shard_of("3/64") == (3, 64)


@pytest.mark.parametrize("text", ["0/4", "5/4", "3", "a/b", "1/0", "-1/4"])
def test_what_is_no_shard_is_said(text):
    with pytest.raises(InputError, match=r"is not a part of a sweep; give NUMBER/COUNT"):
        shard_of(text)
