"""The first blocks of a sharded checkpoint: nothing else is opened, and the states are those of the whole model."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import transformers

from tests.models.architectures import config_of
from tests.shards import BLOCKS, count_reads, make_sharded, names_in
from tli_bench.base.errors import InputError, ModelError
from tli_bench.models import LoadOptions, load_model
from tli_bench.models.body import hidden_states
from tli_bench.models.first import behind_blocks, cut, first_skeleton, shortened
from tli_bench.models.layers import first_blocks
from tli_bench.models.skeleton import skeleton
from tli_bench.vectors.extract import all_layers, layers_of

KINDS = [
    ("llama", "AutoModelForCausalLM"), ("qwen2", "AutoModelForCausalLM"), ("gemma3_text", "AutoModelForCausalLM"),
    ("gpt2", "AutoModelForCausalLM"), ("bloom", "AutoModelForCausalLM"), ("opt", "AutoModelForCausalLM"),
    ("bert", "AutoModelForMaskedLM"), ("xlm-roberta", "AutoModel"), ("olmo", "AutoModelForCausalLM"),
]  # fmt: skip


@pytest.fixture(scope="module")
def sharded(tmp_path_factory):
    return make_sharded(tmp_path_factory.mktemp("sharded"))


@pytest.fixture
def opened(monkeypatch):
    return count_reads(monkeypatch)


@pytest.mark.parametrize("blocks", [1, 3, 8])
def test_only_the_tensors_and_files_of_the_first_blocks_are_opened(sharded, opened, blocks):
    wanted, files = names_in(sharded, blocks)
    loaded = load_model(str(sharded), LoadOptions(layers=f"0-{blocks}"))
    assert set(opened) == wanted
    assert max(opened.values()) == 1
    assert set(opened.files) == files
    every = set(json.loads((sharded / "model.safetensors.index.json").read_text())["weight_map"].values())
    assert len(files) < len(every)
    held = sum(p.numel() for p in loaded.model.parameters())
    assert held == sum(p.numel() for p in first_skeleton(loaded.model.config, blocks).parameters())


def test_the_whole_model_opens_everything(sharded, opened):
    """Negative control of the counting."""
    load_model(str(sharded))
    assert set(opened) == set(json.loads((sharded / "model.safetensors.index.json").read_text())["weight_map"])


def test_states_names_and_identity_are_those_of_the_whole_model(sharded):
    whole, first = load_model(str(sharded)), load_model(str(sharded), LoadOptions(layers="0-5"))
    ids = torch.arange(3, 11)[None]
    ours, theirs = all_layers(first.model, ids), all_layers(whole.model, ids)
    assert layers_of(first.model, len(ours)) == ("0", "1", "2", "3", "4", "5")
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=False))
    assert (first.id, first.revision, first.parameters) == (whole.id, whole.revision, whole.parameters)
    assert first.first[:2] == (5, BLOCKS)
    assert first.model.get_output_embeddings() is None


@pytest.mark.parametrize(("kind", "loader"), KINDS, ids=lambda part: str(part))
def test_architectures_are_cut_behind_their_blocks(kind, loader):
    """The same weights with everything behind the second block taken off give the same states up to there."""
    factory, config = getattr(transformers, loader), config_of(kind)
    torch.manual_seed(0)
    whole = factory.from_config(config).eval()
    config.architectures = [type(whole).__name__]
    short = factory.from_config(shortened(config, 2)).eval()
    short.load_state_dict({k: v for k, v in whole.state_dict().items() if k in short.state_dict()}, strict=False)
    cut(short, behind_blocks(skeleton(shortened(config, 2), dtype=torch.bfloat16)))
    ids = torch.arange(20, 32).reshape(2, 6)
    states = hidden_states(short, ids)
    assert len(states) == 3
    assert all(torch.equal(a, b) for a, b in zip(states, hidden_states(whole, ids), strict=False))


def test_a_single_file_and_quantised_weights_do_as_well(model_folder):
    folder = str(model_folder("llama", width=64))
    whole, first = (load_model(folder, LoadOptions(layers=layers, quantize="nf4")) for layers in (None, "0-2"))
    ids = torch.arange(3, 11)[None]
    for ours, theirs in zip(all_layers(first.model, ids), all_layers(whole.model, ids), strict=False):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("text", ["8", "1-8", "0-0", "0-", "0..8", "0-99999"])
def test_a_range_that_is_none_is_said(text):
    with pytest.raises(InputError, match=r"is not a range from the embeddings on; give 0-K, e\.g\. 0-8"):
        first_blocks(text)


def test_what_cannot_be_cut_is_said(sharded, tmp_path):
    with pytest.raises(InputError, match="the model has 12 blocks, so its first 13 cannot be taken; give 1 to 12"):
        load_model(str(sharded), LoadOptions(layers="0-13"))
    folder = shutil.copytree(sharded, tmp_path / "model")
    index = folder / "model.safetensors.index.json"
    text = index.read_text()
    index.write_text(text.replace("model-00001", "../model-00001"))
    with pytest.raises(ModelError, match=r"names the file '\.\./model-00001.*fetch the model again"):
        load_model(str(folder), LoadOptions(layers="0-2"))
    index.write_text("[]")
    with pytest.raises(ModelError, match=r"is not an index of tensors"):
        load_model(str(folder), LoadOptions(layers="0-2"))


PEAK = """
import sys
from tli_bench.models import LoadOptions, load_model
from tli_bench.models.gate import require_finite

def resident(field):
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith(field))

load_model(sys.argv[2])  # imports and what the libraries keep
open("/proc/self/clear_refs", "w").write("5")  # the peak counts from here
before = resident("VmRSS")
loaded = load_model(sys.argv[1], LoadOptions(layers=sys.argv[3] or None))
require_finite(loaded)  # every weight is read
print(resident("VmHWM") - before, sum(p.numel() * 4 for p in loaded.model.parameters()))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peaks are read from Linux's /proc")
def test_the_first_blocks_take_their_share_of_the_peak(tmp_path, model_folder):
    """In processes of their own, every weight read: the peak is that of what was loaded, not of the checkpoint."""
    make_sharded(tmp_path, width=768, shard="20MB")
    peaks = {}
    for layers in ("", "0-2"):
        command = [sys.executable, "-W", "ignore", "-c", PEAK, str(tmp_path), str(model_folder("llama")), layers]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
        peak, held = map(int, done.stdout.split())
        assert held <= peak <= held + 64e6
        peaks[layers] = peak
    assert peaks["0-2"] < 0.5 * peaks[""]
