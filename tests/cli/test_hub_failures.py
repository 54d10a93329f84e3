"""Models of several shapes from a Hub on 127.0.0.1, and what happens when that refuses, breaks off or lacks something."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.conftest import make_tokenizer
from tests.hub import LoopbackHub
from tests.models.architectures import build
from tests.shards import make_sharded

pytestmark = pytest.mark.slow
COMMIT = "5f3c0d1e" * 5
SHAPES = {"org/qwen2": "qwen2", "org/gemma": "gemma", "org/bloom": "bloom"}
CHILD = """
import json, sys
from tli_bench.models import LoadOptions, load_model
for name, options in json.loads(sys.argv[1]):
    try:
        loaded = load_model(name, LoadOptions(**options))
        said = [loaded.id, loaded.revision, float(sum(p.detach().double().sum() for p in loaded.model.parameters()))]
    except Exception as err:
        said = [type(err).__name__, str(err)]
    print(json.dumps(said))
"""


def load(hub, home, *asked, offline=False):
    """What a process of its own says of loading each model in turn."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING_FACE", "TRANSFORMERS_"))}
    env = kept | {"HF_HOME": str(home), "HF_ENDPOINT": hub.endpoint, "HF_HUB_OFFLINE": str(int(offline))}
    env |= {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-c", CHILD, json.dumps([(name, options) for name, options in asked])]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    found = {}
    for name, kind in SHAPES.items():
        folder = tmp_path_factory.mktemp(kind)
        build(kind, "AutoModelForCausalLM").save_pretrained(folder)
        make_tokenizer().save_pretrained(folder)
        found[name] = folder
    found["org/sharded"] = make_sharded(tmp_path_factory.mktemp("sharded"))
    lacking = shutil.copytree(found["org/sharded"], tmp_path_factory.mktemp("lacking") / "model")
    next(iter(sorted(lacking.glob("model-*.safetensors")))).unlink()
    return found | {"org/lacking": lacking}


def summed(folder):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return float(sum(p.detach().double().sum() for p in model.parameters()))


def test_shapes_of_the_field_load_and_load_again_offline(folders, tmp_path):
    asked = [(name, {}) for name in SHAPES]
    with LoopbackHub(folders, commit=COMMIT) as hub:
        online = load(hub, tmp_path, *asked)
        assert online == load(hub, tmp_path, *asked, offline=True)
    for name, (called, revision, total) in zip(SHAPES, online, strict=True):
        assert (called, revision) == (name, COMMIT)
        assert total == pytest.approx(summed(folders[name]), rel=1e-9)


def test_only_the_files_of_the_first_blocks_are_fetched(folders, tmp_path):
    with LoopbackHub(folders, commit=COMMIT) as hub:
        ((name, revision, _),) = load(hub, tmp_path, ("org/sharded", {"layers": "0-2"}))
        got = {
            Path(path).name
            for method, path, status in hub.seen
            if method == "GET" and status == 200 and "safetensors" in path
        }
    index = json.loads((folders["org/sharded"] / "model.safetensors.index.json").read_text())["weight_map"]
    wanted = ("model.embed_tokens.", "model.layers.0.", "model.layers.1.")
    assert (name, revision) == ("org/sharded", COMMIT)
    assert got == {"model.safetensors.index.json", *(file for key, file in index.items() if key.startswith(wanted))}
    assert len(got) - 1 < len(set(index.values())) / 2


def test_after_a_download_that_broke_off_only_what_is_missing_is_fetched(folders, tmp_path):
    index = json.loads((folders["org/sharded"] / "model.safetensors.index.json").read_text())["weight_map"]
    shards = sorted(set(index.values()))
    with LoopbackHub(folders, commit=COMMIT, breaks={shards[-1]: (5000, 1)}) as hub:
        first, second = load(hub, tmp_path, ("org/sharded", {}), ("org/sharded", {}))
        got = [Path(path).name for method, path, status in hub.seen if method == "GET" and path.endswith(tuple(shards))]
    if first[0] == "ModelError":  # unless the library itself tried again
        assert "the download of org/sharded broke off" in first[1]
        assert "run the same command again, files that came whole are kept" in first[1]
    assert second[:2] == ["org/sharded", COMMIT]
    assert second[2] == pytest.approx(summed(folders["org/sharded"]), rel=1e-9)
    assert sorted(got) == sorted([*shards, shards[-1]])


@pytest.mark.parametrize("status", [401, 403])
def test_gated_and_lacking_repositories_say_what_to_do(folders, tmp_path, status):
    with LoopbackHub(folders, commit=COMMIT, gated=("org/gated",), refused=status) as hub:
        gated, lacking, tag = load(
            hub, tmp_path, ("org/gated", {}), ("org/lacking", {}), ("org/qwen2", {"revision": "v9"})
        )
    assert gated[1].startswith(f"org/gated is gated: accept its terms on {hub.endpoint}/org/gated, run `hf auth login`")
    assert lacking[0] == "ModelError"
    assert "org/lacking" in lacking[1]
    assert tag == ["ModelError", "org/qwen2 has no revision 'v9'; give a branch, tag or commit of it"]
