"""`tli-bench run --model lugha --adapter PATH` against a Hub on 127.0.0.1 that holds a scaled-down Lugha-Llama.

Commands run as a user gives them, in processes of their own: the Hub's address and cache are read at import.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from safetensors.torch import load_file

from tests.hub import LoopbackHub
from tests.replica import LUGHA, save_replica, train_stock_adapter
from tli_bench.models import inspect_adapter
from tli_bench.records import RecordStore

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parent.parent.parent
COMMIT = "5f3c0d1e" * 5
GATED = "Lugha-Llama/behind-a-gate"
COMMAND = [
    "run",
    "--model",
    "lugha",
    "--adapter",
    "{adapter}",
    "--pairs",
    "swh-eng",
    "--limit",
    "60",
    "--no-confirm",
    "--placebo",
    "0",
    "--output",
    "{out}",
]

# Several commands one after another in one process, each with its exit code and messages: importing takes longest.
SERIES = """
import contextlib, io, json, shutil, sys
from tli_bench.cli import main
for step in json.loads(sys.argv[1]):
    if "copy" in step:
        shutil.copytree(*step["copy"], symlinks=True, dirs_exist_ok=True)
        continue
    error = io.StringIO()
    with contextlib.redirect_stderr(error), contextlib.redirect_stdout(io.StringIO()):
        try:
            main(step["arguments"])
            code = 0
        except SystemExit as stop:
            code = stop.code
    print(json.dumps({"code": code, "error": error.getvalue()}))
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("loopback")


@pytest.fixture(scope="module")
def replica(place):
    return save_replica(place / "replica")


@pytest.fixture(scope="module")
def adapter(place, replica):
    return train_stock_adapter(replica, place / "adapter")


@pytest.fixture(scope="module")
def hub(replica):
    with LoopbackHub({LUGHA: replica}, commit=COMMIT, gated=(GATED,)) as server:
        yield server


def environment(home, *, endpoint="http://127.0.0.1:9", offline=False):
    """Of a user's shell: nothing of ours but the Hub's address and its cache, no token."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING_FACE", "TRANSFORMERS_", "PYTEST"))}
    return kept | {
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home),
        "HF_HUB_OFFLINE": "1" if offline else "0",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONPATH": str(ROOT),
    }


def run(arguments, env):
    command = [sys.executable, "-m", "tli_bench", *arguments]
    return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def run_series(steps, env):
    command = [sys.executable, "-c", SERIES, json.dumps(steps)]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def filled(adapter, out, *, model="lugha"):
    return [part.format(adapter=adapter, out=out) if part != "lugha" else model for part in COMMAND]


@pytest.fixture(scope="module")
def first_run(place, hub, adapter):
    """The command itself, once: its outcome, its record and what the Hub was asked."""
    done = run(filled(adapter, place / "out"), environment(place / "home", endpoint=hub.endpoint))
    assert done.returncode == 0, done.stderr
    (record,) = RecordStore(place / "out")
    return done, record, list(hub.seen)


def test_the_replica_has_the_shape_of_lugha_llama(replica):
    """Against the published config.json of Llama-3.1-8B: the same features, scaled down."""
    config = json.loads((replica / "config.json").read_text())
    rope = config["rope_parameters"]
    assert (rope["rope_type"], rope["factor"], rope["low_freq_factor"], rope["high_freq_factor"]) == ("llama3", 8, 1, 4)
    assert config["max_position_embeddings"] == 8 * rope["original_max_position_embeddings"]
    assert config["num_key_value_heads"] * 4 == config["num_attention_heads"]
    assert (config["dtype"], config["pad_token_id"]) == ("bfloat16", None)
    assert (replica / "model.safetensors.index.json").is_file()
    assert len(list(replica.glob("model-*.safetensors"))) > 1


def test_the_signature_says_what_was_measured(first_run, adapter, replica):
    _, record, _ = first_run
    signature = record.signature
    assert (signature.model, signature.revision) == (LUGHA, COMMIT)
    assert (signature.quantization, signature.dtype) == ("nf4", "float32")
    assert signature.adapter.sha256 == inspect_adapter(str(adapter)).sha256
    assert signature.adapter.rank == 4
    shards = [load_file(path) for path in replica.glob("model-*.safetensors")]
    assert signature.parameters == sum(tensor.numel() for shard in shards for tensor in shard.values())
    assert (signature.tokens, signature.skip_gate, signature.any_base) == ('bos lead="." space=yes', False, False)
    assert signature.limit == 60
    assert sum(signature.n.values()) == 60


def test_base_and_adapted_differ(first_run):
    _, record, _ = first_run
    for states in record.curves.values():
        assert states["base"]["cosine"][0] == states["adapted"]["cosine"][0]  # embeddings: the adapter sits above
        assert states["base"]["cosine"][-1] != states["adapted"]["cosine"][-1]
    assert any(comparison.difference != 0 for comparison in record.comparisons)


def test_the_table_names_model_commit_and_adapter(first_run, place):
    done, record, _ = first_run
    assert f"{LUGHA} ({COMMIT}), float32, nf4, adapter adapter ({record.signature.adapter.sha256[:8]})" in done.stdout
    assert record.task in done.stdout
    assert list((place / "out").glob("results_*.json"))


def test_the_hub_was_asked_for_one_model_and_nothing_else(first_run, replica):
    _, _, seen = first_run
    asked = [(method, path, status) for method, path, status in seen if not path.startswith("/api/")]
    assert all(path.startswith(f"/{LUGHA}/resolve/") and method in ("GET", "HEAD") for method, path, _ in asked)
    about = {path for _, path, _ in seen if path.startswith("/api/") and LUGHA not in path}
    assert about <= {"/api/agent-harnesses"}  # huggingface_hub's own
    got = Counter(path.rsplit("/", 1)[1] for method, path, status in asked if method == "GET" and status == 200)
    shards = {path.name for path in replica.glob("model-*.safetensors")}
    assert {name for name in got if name.startswith("model-")} == shards
    assert all(got[name] == 1 for name in shards)
    absent = {path.rsplit("/", 1)[1] for _, path, status in asked if status == 404}
    assert not absent & {path.name for path in replica.iterdir()}
    assert not {name for name in absent | set(got) if name.endswith((".bin", ".pt", ".pth", ".pkl"))}
    assert {status for *_, status in asked} <= {200, 404}


def test_the_same_command_offline_scores_the_same_from_the_cache(first_run, place, adapter):
    _, record, _ = first_run
    done = run(filled(adapter, place / "again"), environment(place / "home", offline=True))
    assert done.returncode == 0, done.stderr
    (again,) = RecordStore(place / "again")
    assert again.signature == record.signature
    assert again.curves == record.curves
    assert (again.words, again.columns) == (record.words, record.columns)


def test_offline_without_the_model_says_what_to_download(first_run, place, adapter):
    """With an empty cache, and with one whose download broke off before the weights."""
    broken = shutil.copytree(place / "home" / "hub", place / "broken", symlinks=True)
    for link in broken.rglob("model-0000*.safetensors"):
        link.unlink()
    home, out = place / "empty", place / "never"
    arguments = filled(adapter, out)
    steps = [{"arguments": arguments}, {"copy": [str(broken), str(home / "hub")]}, {"arguments": arguments}]
    for outcome in run_series(steps, environment(home, offline=True)):
        assert outcome["code"] == 2
        assert (
            f"error: {LUGHA} is not in the local cache and the Hub is switched off (HF_HUB_OFFLINE)" in outcome["error"]
        )
        # The one that broke off is of a revision that the cache knows.
        assert re.search(rf"`hf download {LUGHA}( --revision [0-9a-f]{{40}})?`", outcome["error"])
    assert not out.exists()


def test_what_the_hub_refuses_is_one_sentence(place, hub, adapter):
    out = place / "refused"
    cases = {
        GATED: f"error: {GATED} is gated: accept its terms on {hub.endpoint}/{GATED}, run `hf auth login` with the account",
        "Lugha-Llama/none": "error: the Hub has no repository Lugha-Llama/none, or it is private: check the spelling",
        "lugha": f"error: {LUGHA} has no revision 'v9'; give a branch, tag or commit of it\n",
    }
    steps = [{"arguments": filled(adapter, out, model=model)} for model in cases]
    steps[-1]["arguments"] += ["--revision", "v9"]
    outcomes = run_series(steps, environment(place / "refusals", endpoint=hub.endpoint))
    for outcome, message in zip(outcomes, cases.values(), strict=True):
        assert outcome["code"] == 2
        assert message in outcome["error"]
        assert "Traceback" not in outcome["error"]
    assert not out.exists()
