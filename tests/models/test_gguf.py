"""GGUF files are models: a small one is written here with the package that defines the format, and scored like any other."""

import os
import shutil
import struct

import numpy as np
import pytest

import tli_bench
from tests.forked import python
from tests.hub import LoopbackHub
from tests.models.small_gguf import BLOCKS, write_gguf
from tli_bench.base.errors import InputError, ModelError
from tli_bench.models import LoadOptions, load_model
from tli_bench.models import gguf as ours
from tli_bench.models.catalog import resolve_model

gguf = pytest.importorskip("gguf", reason="the package gguf is not installed")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("gguf") / "small.F16.gguf"
    write_gguf(path)
    return path


def test_a_file_is_a_model_and_says_how_it_is_stored(path):
    loaded = load_model(str(path))
    assert (loaded.id, loaded.quantization, loaded.dtype) == ("small.F16.gguf", "gguf F16", "float32")
    assert loaded.revision.startswith("sha256:")
    assert loaded.model.config.num_hidden_layers == BLOCKS
    stored = next(t for t in gguf.GGUFReader(path).tensors if t.name == "token_embd.weight").data
    np.testing.assert_array_equal(
        loaded.model.get_input_embeddings().weight.detach().numpy(), np.asarray(stored, dtype=np.float32)
    )


def test_it_is_scored_and_its_record_can_be_repeated(path, tmp_path):
    report = tli_bench.score(
        str(path), adapter="none", pairs="swh-eng", limit=60, skip_gate=True, output=str(tmp_path / "runs")
    )
    (record,) = report.records
    assert (record.signature.model, record.signature.quantization) == ("small.F16.gguf", "gguf F16")
    assert (record.recipe["model"], record.recipe["quantize"]) == (str(path), "none")


def test_what_it_cannot_be_is_said(path, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"is quantised already; leave out --quantize int8"):
        load_model(str(path), LoadOptions(quantize="int8"))
    with pytest.raises(ModelError, match=r"there is no file .*none\.gguf"):
        resolve_model(str(tmp_path / "none.gguf"))
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelError, match=r"damaged\.gguf"):
        load_model(str(damaged))
    monkeypatch.setattr(ours, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"pip install 'tli-bench\[gguf\]'"):
        resolve_model(str(path))


@pytest.mark.parametrize(
    ("name", "number", "said"),
    [
        ("llama.block_count", 1 << 20, "`block_count` is 1,048,576, but it holds 29 tensors"),
        ("llama.embedding_length", 1 << 20, r"`embedding_length` is 1,048,576, but .*the longest side of one is 259"),
        ("llama.vocab_size", 2**32 - 1, "`vocab_size` is 4,294,967,295, but"),
    ],
)
def test_sizes_that_its_tensors_cannot_have_are_refused_before_anything_is_made(path, tmp_path, name, number, said):
    """Of a million blocks transformers would have made each one first."""
    content, key = bytearray(path.read_bytes()), name.encode()
    place = content.index(struct.pack("<Q", len(key)) + key) + 8 + len(key) + 4
    content[place : place + 4] = struct.pack("<I", number)
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(content)
    with pytest.raises(ModelError, match=rf"damaged\.gguf contradicts itself: {said}.*; fetch it again"):
        load_model(str(damaged))


def test_a_file_on_the_hub_is_named_behind_its_repository():
    source = resolve_model("org/small-GGUF:small.Q4_1.gguf")
    assert (source.id, source.target, source.path, source.gguf) == (
        "org/small-GGUF:small.Q4_1.gguf", "org/small-GGUF", None, "small.Q4_1.gguf",
    )  # fmt: skip


COMMIT = "7a1c0d2e" * 5
HUB = """
import sys
from tli_bench.models import load_model
loaded = load_model(sys.argv[1])
print(loaded.id, loaded.revision, loaded.quantization, loaded.model.get_input_embeddings().weight.sum().item())
"""


def test_a_file_on_the_hub_is_loaded_at_a_commit_and_again_without_a_network(path, tmp_path):
    """From a Hub on loopback, whose repository holds the file alone, as GGUF repositories do."""
    (tmp_path / "repository").mkdir()
    shutil.copy(path, tmp_path / "repository")
    name = f"org/small-GGUF:{path.name}"
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING_FACE", "TRANSFORMERS_"))}
    expected = load_model(str(path)).model.get_input_embeddings().weight.sum().item()
    with LoopbackHub({"org/small-GGUF": tmp_path / "repository"}, commit=COMMIT) as hub:
        for offline in ("0", "1"):
            given = kept | {"HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": hub.endpoint, "HF_HUB_OFFLINE": offline}
            given |= {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "CUDA_VISIBLE_DEVICES": ""}
            done = python("-c", HUB, name, env=given)
            assert done.stdout.split() == [name, COMMIT, "gguf", "F16", str(expected)], done.stderr[-3000:]
