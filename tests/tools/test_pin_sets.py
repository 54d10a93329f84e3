"""`python -m tools.pin_sets` against a Hub on 127.0.0.1: commits are asked for, and what cannot be asked for is named and kept."""

import os
import subprocess
import sys
from pathlib import Path

import yaml

from tests.hub import LoopbackHub

ROOT = Path(__file__).resolve().parent.parent.parent
HEAD = "# Which commit is read.\n# Two lines.\n"
OLD, NEW, CONVERTED = "a" * 40, "b" * 40, "c" * 40
BEFORE = {
    "set/converted": {"branch": "refs/convert/parquet"},
    "set/gone": {"commit": OLD, "from": "somebody"},
    "set/old": {"commit": OLD, "from": "somebody"},
    "set/other": {},
}


def pin(file, endpoint, *ids):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "PYTEST"))}
    environment = kept | {"HF_ENDPOINT": endpoint, "HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tools.pin_sets", *ids, "--file", str(file)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_branches_become_commits_and_what_the_hub_does_not_have_is_kept(tmp_path):
    file, empty = tmp_path / "revisions.yaml", tmp_path / "set"
    empty.mkdir()
    file.write_text(HEAD + yaml.safe_dump(BEFORE), encoding="utf-8")
    there = {f"datasets/set/{name}": empty for name in ("converted", "old", "other")}
    with LoopbackHub(there, commit=NEW, commits={"datasets/set/converted": CONVERTED}) as hub:
        done = pin(file, hub.endpoint)
        asked = [path for _, path, _ in hub.seen]
    assert done.returncode == 1, done.stderr
    assert "set/gone: RepositoryNotFoundError" in done.stderr
    assert "left as it was" in done.stderr
    assert f"set/old: {OLD} -> {NEW}" in done.stdout
    assert "/api/datasets/set/converted/revision/refs%2Fconvert%2Fparquet" in asked
    text = file.read_text(encoding="utf-8")
    assert text.startswith(HEAD)
    found = yaml.safe_load(text)
    assert found["set/gone"] == BEFORE["set/gone"]
    assert {name: fields["commit"] for name, fields in found.items()} == {
        "set/converted": CONVERTED, "set/gone": OLD, "set/old": NEW, "set/other": NEW,
    }  # fmt: skip
    assert found["set/converted"]["branch"] == "refs/convert/parquet"
    assert all(found[name]["from"].startswith("the Hub, 20") for name in ("set/converted", "set/old", "set/other"))


def test_only_what_is_named_is_asked_for_and_a_wrong_name_is_refused(tmp_path):
    file, empty = tmp_path / "revisions.yaml", tmp_path / "set"
    empty.mkdir()
    file.write_text(HEAD + yaml.safe_dump(BEFORE), encoding="utf-8")
    with LoopbackHub({"datasets/set/old": empty}, commit=NEW) as hub:
        assert pin(file, hub.endpoint, "set/old").returncode == 0
        done = pin(file, hub.endpoint, "set/odd")
    assert done.returncode == 2
    assert "set/odd is not in" in done.stderr
    found = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert found == BEFORE | {"set/old": found["set/old"]}
    assert found["set/old"]["commit"] == NEW
