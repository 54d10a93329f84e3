"""A sweep on Ray gives the points of the in-process sweep, each once, although a worker and the driver are killed."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.with_ray import needs_ray, workers_of
from tli_bench.base.errors import InputError
from tli_bench.training import on_ray
from tli_bench.training.sweep import load_spec, read_points, run_sweep, units_of

SPEC = """
model: {model}
lexicon: {lexicon}
pairs: [swh-eng]
grid:
  rank: [2, 4]
  retention: [none]
  max_steps: [40]
  batch_size: [8]
seeds: [0, 1]
"""


@pytest.fixture
def spec_file(llama_folder, words, tmp_path):
    path = tmp_path / "ranks.yaml"
    path.write_text(SPEC.format(model=llama_folder, lexicon=words))
    return path


@needs_ray
@pytest.mark.slow
def test_killed_workers_and_drivers_lose_nothing_and_repeat_nothing(spec_file, loaded, tmp_path):
    """In a session of its own, so that what is killed is ours: first a worker while it trains, then the driver, then the rest."""
    expected = run_sweep(load_spec(spec_file), loaded, tmp_path / "here")
    out = tmp_path / "ray"
    env = os.environ | {"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "RAY_USAGE_STATS_ENABLED": "0"}
    command = [sys.executable, "-m", "tli_bench", "sweep", str(spec_file), "--output", str(out), "--workers", "1"]
    killed = False
    with subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as driver:
        for line in driver.stderr:
            if line.startswith("1/4 done") and not killed:
                time.sleep(0.3)  # the second point has begun
                for pid in workers_of(driver):
                    os.kill(pid, signal.SIGKILL)
                    killed = True
            if line.startswith("2/4 done"):
                driver.kill()
                break
    assert killed
    kept = {path.name: path.stat().st_mtime_ns for path in (out / "points").glob("*.json")}
    assert 2 <= len(kept) < 4
    second = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=1500)
    assert second.returncode == 0, second.stderr[-3000:]
    assert second.stderr.count(" kept: ") == len(kept)
    assert second.stderr.count(" done: ") == 4 - len(kept)
    assert all((out / "points" / name).stat().st_mtime_ns == time_ for name, time_ in kept.items())
    found = sorted(read_points(out), key=lambda p: (p.settings["rank"], p.seed))
    assert [(p.settings["rank"], p.seed) for p in found] == [("2", 0), ("2", 1), ("4", 0), ("4", 1)]
    assert [json.dumps(p.adapted) for p in found] == [json.dumps(p.adapted) for p in expected]


def test_shards_of_an_array_make_the_sweep(spec_file, loaded, tmp_path):
    """Each job its part, with the same store; afterwards nothing is left to train."""
    from tli_bench.training.shard import shard_of
    from tli_bench.training.sweep import SweepRunner

    spec, states = load_spec(spec_file), []
    spec = spec.model_copy(update={"grid": spec.grid | {"max_steps": (1,)}})
    for part in ("1/3", "2/3", "3/3"):
        runner = SweepRunner(spec, loaded, tmp_path / "out")
        states += [runner.run(unit)[1] for unit in shard_of(part).of(units_of(spec))]
    assert states == [False] * 4
    run_sweep(spec, loaded, tmp_path / "out", on_point=lambda point, reused: states.append(reused))
    assert states[4:] == [True] * 4


def test_without_ray_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(on_ray, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'tli-bench\[ray\]'"):
        on_ray.require_ray()
