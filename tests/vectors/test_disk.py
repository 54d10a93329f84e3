"""States on disk: the same words of the same model need no forward pass; anything else runs."""

from types import SimpleNamespace

import pytest
import torch

from tests.base.test_files import ended, left_over
from tests.command import tli_bench
from tests.conftest import make_model, make_tokenizer
from tli_bench.models.body import body_of
from tli_bench.models.identity import MeasuredModel
from tli_bench.vectors import shelf
from tli_bench.vectors.answer import answer
from tli_bench.vectors.backend import Backend
from tli_bench.vectors.cache import StateCache
from tli_bench.vectors.disk import DiskCache
from tli_bench.vectors.inputs import Framing
from tli_bench.vectors.protocols import Pooling, get_protocols

IDENTITY = MeasuredModel("m", "r", "float32", None, "bos", None)
POOLINGS = (Pooling.WORD_MEAN, Pooling.WORD_LAST)
PAIRS = [("maji", "water"), ("moto", "fire"), ("jua", "sun")]


def backend(root, *, seed=0, silent=False, limit=1 << 30):
    model = make_model("llama", seed=seed).eval()
    found = Backend(model, make_tokenizer(), cache=StateCache(disk=DiskCache(root, limit=limit)))
    assert found.causal
    if silent:
        body_of(model).register_forward_pre_hook(lambda *_: pytest.fail("the body ran"))
    return found


def requests(names="words,tli-pilot"):
    return [SimpleNamespace(args=(*pair, get_protocols(names), "swh_Latn-eng_Latn")) for pair in PAIRS]


def same(one, other):
    assert one.layers == other.layers
    for protocol, ours in one.protocols.items():
        theirs = other.protocols[protocol]
        assert torch.equal(ours.vectors["base"], theirs.vectors["base"])
        assert ours.last.keys() == theirs.last.keys()
        assert all(torch.equal(ours.last[state], theirs.last[state]) for state in ours.last)
        assert torch.equal(ours.sinks["base"].cosines, theirs.sinks["base"].cosines)
        assert all(map(torch.equal, ours.sinks["base"].norms, theirs.sinks["base"].norms))
        assert (ours.encoded, ours.tokens, ours.first_pooled) == (theirs.encoded, theirs.tokens, theirs.first_pooled)
    assert one.key == other.key


def test_the_same_words_need_no_forward_in_another_backend(tmp_path):
    first = answer(requests(), backend=backend(tmp_path), identity=IDENTITY)
    again = answer(requests(), backend=backend(tmp_path, silent=True), identity=IDENTITY)
    for one, two in zip(first, again, strict=True):
        same(one, two)


def test_other_weights_are_never_answered_from_disk(tmp_path):
    one = backend(tmp_path).states(["maji"], Framing(), POOLINGS).texts["maji"].vectors[Pooling.WORD_MEAN]
    two = backend(tmp_path, seed=1).states(["maji"], Framing(), POOLINGS).texts["maji"].vectors[Pooling.WORD_MEAN]
    assert not torch.equal(one, two)


def test_a_word_that_is_new_runs_and_the_others_do_not(tmp_path):
    backend(tmp_path).states(["maji", "moto"], Framing(), POOLINGS)
    second, seen = backend(tmp_path), []
    compute = second._compute
    second._compute = lambda texts, key: seen.append(list(texts)) or compute(texts, key)
    found = second.states(["moto", "jua", "maji"], Framing(), POOLINGS)
    assert seen == [["jua"]]
    assert found.texts.keys() == {"moto", "jua", "maji"}
    second.states(["moto", "jua", "maji"], Framing(), POOLINGS)
    assert len(seen) == 1


@pytest.mark.parametrize("damage", [b"", b"\x00" * 100, b"\x40\x00\x00\x00\x00\x00\x00\x00{}"])
def test_a_damaged_file_is_named_and_its_words_run_again(tmp_path, damage, caplog):
    whole = backend(tmp_path).states(["maji"], Framing(), POOLINGS).texts["maji"].vectors[Pooling.WORD_MEAN].clone()
    (path,) = tmp_path.glob("*/*.safetensors")
    path.write_bytes(damage)
    found = backend(tmp_path).states(["maji"], Framing(), POOLINGS)
    assert torch.equal(found.texts["maji"].vectors[Pooling.WORD_MEAN], whole)
    assert str(path) in caplog.text


def test_the_bound_holds_and_what_was_unused_for_longest_goes(tmp_path):
    backend(tmp_path).states(["maji"], Framing(), POOLINGS)
    (first,) = tmp_path.glob("*/*.safetensors")
    size = first.stat().st_size
    backend(tmp_path, limit=size + 10).states(["moto"], Framing(), POOLINGS)
    (second,) = tmp_path.glob("*/*.safetensors")
    assert second.name != first.name
    backend(tmp_path, limit=10).states(["jua"], Framing(), POOLINGS)  # larger than the bound: not kept
    assert list(tmp_path.glob("*/*.safetensors")) == [second]


def test_the_command_lists_and_clears_and_touches_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setenv(shelf.ENVIRONMENT, str(tmp_path))
    answer(requests("words"), backend=Backend(make_model("llama"), make_tokenizer()), identity=IDENTITY)
    model = tmp_path / "model" / "model.safetensors"
    model.parent.mkdir()
    model.write_bytes(b"mine")
    for place in (tmp_path, tmp_path / ("0" * 32)):  # what processes that were killed left
        left_over(place, f"{'1' * 32}.json", process=ended())
    listed = tli_bench("cache", "ls")
    assert "6 words    5 layers  base" in listed
    assert ". {word}" in listed
    assert "1 file, " in listed
    assert tli_bench("cache", "clear").startswith("removed 1 file, ")
    assert list(tmp_path.iterdir()) == [model.parent]
    assert model.read_bytes() == b"mine"


def test_without_a_folder_the_command_says_what_to_set(monkeypatch, tmp_path):
    monkeypatch.delenv(shelf.ENVIRONMENT, raising=False)
    assert "set TLI_BENCH_CACHE" in tli_bench("cache", "ls", code=2)
    assert "is not a folder" in tli_bench("cache", "clear", "--folder", tmp_path / "none", code=2)
