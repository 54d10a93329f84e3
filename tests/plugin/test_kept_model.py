"""A run whose words are all kept on disk loads no model and tells the same; whatever decides its numbers and has changed loads it."""

import json
import shutil
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file

import tli_bench
from tests.base.test_files import ended, left_over
from tests.models.test_adapters import save_adapter
from tli_bench.base.errors import ModelError
from tli_bench.config.run import RunConfig
from tli_bench.models import inspect_adapter
from tli_bench.models.families import Family
from tli_bench.plugin import lm as plugin_lm
from tli_bench.plugin.scoring import open_model
from tli_bench.vectors import shelf
from tli_bench.vectors.protocols import get_protocols
from tli_bench.vectors.told import place_of

PAIR = "swh_Latn-eng_Latn"
WEIGHTS = "adapter_model.safetensors"


@pytest.fixture(scope="module")
def folders(model_folder, tmp_path_factory):
    """A model, and an adapter of it with a twin."""
    root = tmp_path_factory.mktemp("kept")
    shutil.copytree(model_folder("llama"), root / "model")
    adapter = save_adapter(root / "model", root / "adapter")
    twin = shutil.copytree(adapter, adapter / "twin")
    tensors = load_file(twin / WEIGHTS)
    save_file({name: -tensor.flip(0).contiguous() for name, tensor in tensors.items()}, twin / WEIGHTS)
    card = {"twin": {"path": "twin", "sha256": inspect_adapter(str(twin)).sha256}}
    (adapter / "tli_card.json").write_text(json.dumps(card))
    return root


@pytest.fixture
def root(folders, tmp_path, monkeypatch):
    """The same folders to change something in; the paths, which are part of a model's name, stay the same."""
    monkeypatch.setenv(shelf.ENVIRONMENT, str(tmp_path / "states"))
    kept = shutil.copytree(folders, tmp_path / "kept")
    yield folders
    shutil.rmtree(folders)
    shutil.copytree(kept, folders)


@pytest.fixture
def loads(monkeypatch):
    """The names that were loaded, in order."""
    names, load = [], plugin_lm.load_model
    monkeypatch.setattr(plugin_lm, "load_model", lambda name, options: names.append(name) or load(name, options))
    return names


def config(root, **changes):
    named = {"model": str(root / "model"), "adapter": str(root / "adapter")}
    return RunConfig(**(named | {"output": None, "skip_gate": True, "placebo": 2} | changes))


def asked(*pairs, protocol="words"):
    return [SimpleNamespace(args=(*pair, get_protocols(protocol), PAIR)) for pair in pairs]


def no_module(monkeypatch):
    """No part of any model can be made."""
    monkeypatch.setattr(torch.nn.Module, "__init__", lambda *_, **__: pytest.fail("a model was built"))


def numbers_of(folder):
    """All that records and results of a run hold but time, command and output."""
    (record,) = folder.rglob("tli_alignment*/*.json")
    (results,) = folder.glob("results_*.json")
    record, results = json.loads(record.read_text()), json.loads(results.read_text())
    for name in ("created", "command", "sha256"):
        del record[name]
    for told in (record["recipe"], results["tli_run"]):
        del told["output"]
    times = ("date", "start_time", "end_time", "total_evaluation_time_seconds")
    return record, {name: value for name, value in results.items() if name not in times}


def test_a_second_run_into_another_folder_builds_no_model_and_tells_the_same(root, tmp_path, monkeypatch):
    told = {"pairs": PAIR, "limit": 24, "skip_gate": True, "placebo": 2}
    tli_bench.score(str(root / "model"), str(root / "adapter"), output=tmp_path / "one", **told)
    no_module(monkeypatch)
    tli_bench.score(str(root / "model"), str(root / "adapter"), output=tmp_path / "two", **told)
    (record, results), again = numbers_of(tmp_path / "one"), numbers_of(tmp_path / "two")
    assert again == (record, results)
    assert record["signature"]["placebo"] == 2
    assert record["signature"]["parameters"] > 0
    assert results["config"]["model_args"]["pretrained"] == str(root / "model")
    assert results["max_length"] == 64


def test_what_is_not_kept_is_run_by_the_model_loaded_then(root, loads):
    first = open_model(config(root))
    first.hidden_states(asked(("maji", "water")))
    again = open_model(config(root))
    assert again.identity == first.identity
    again.hidden_states(asked(("maji", "water")))
    assert len(loads) == 1
    (new,) = again.hidden_states(asked(("moto", "fire")))
    assert len(loads) == 2
    (plain,) = first.hidden_states(asked(("moto", "fire")))
    assert new.key == plain.key
    for state in ("base", "adapted", "twin"):
        assert torch.equal(new.protocols["words.v2"].vectors[state], plain.protocols["words.v2"].vectors[state])
    again.hidden_states(asked(("jua", "sun"), protocol="words.v1"))
    assert len(loads) == 2  # it stays
    assert again.tok_encode("maji") == first.tok_encode("maji")


def test_another_framing_of_the_same_words_is_not_answered(root, loads):
    open_model(config(root)).hidden_states(asked(("maji", "water")))
    open_model(config(root)).hidden_states(asked(("maji", "water"), protocol="words.v1"))
    assert len(loads) == 2


def flip_last_byte(path):
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)


def longer(path):
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")


CHANGES = {
    "weights": lambda root: flip_last_byte(root / "model" / "model.safetensors"),
    "configuration": lambda root: longer(root / "model" / "config.json"),
    "tokenizer": lambda root: longer(root / "model" / "tokenizer.json"),
    "a file that the fingerprint leaves out": lambda root: (root / "model" / "sentencepiece.bpe.model").write_text("x"),
    "adapter": lambda root: flip_last_byte(root / "adapter" / WEIGHTS),
    "settings of the adapter": lambda root: longer(root / "adapter" / "adapter_config.json"),
    "card": lambda root: (root / "adapter" / "tli_card.json").write_text('{"recipe": "mine"}'),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_file_loads_again(root, change):
    before = place_of(config(root))
    assert place_of(config(root)) == before
    change(root)
    assert place_of(config(root)).path != before.path


@pytest.mark.parametrize(
    "changes",
    [{"dtype": "bfloat16"}, {"adapter": "none"}, {"twin": "none"}, {"skip_gate": False}, {"any_base": True}, {"layers": "0-2"}],
    ids=str,
)  # fmt: skip
def test_other_options_of_loading_load_again(root, changes):
    assert place_of(config(root, **changes)).path != place_of(config(root)).path


def test_where_files_do_not_decide_nothing_is_kept(root, monkeypatch):
    assert place_of(config(root, trust_remote_code=True)) is None
    with monkeypatch.context() as patch:
        patch.setenv("WORLD_SIZE", "2")
        assert place_of(config(root)) is None
    monkeypatch.setattr("tli_bench.models.families._registered", [Family("mine", "", lambda it: False)])
    assert place_of(config(root)) is None
    monkeypatch.undo()
    monkeypatch.delenv(shelf.ENVIRONMENT, raising=False)
    assert place_of(config(root)) is None


def test_other_packages_load_again(root, monkeypatch):
    before = place_of(config(root))
    monkeypatch.setattr("tli_bench.vectors.told.package_versions", lambda: {"torch": "0"})
    assert place_of(config(root)).path != before.path


@pytest.mark.parametrize("damage", ["", "{}", "[" * 5000, '{"weights": 3}'])
def test_a_damaged_file_of_what_was_told_is_named_and_the_model_loaded(root, loads, caplog, damage):
    open_model(config(root))
    path = place_of(config(root)).path
    whole = path.read_text()
    path.write_text(damage)
    open_model(config(root))
    assert len(loads) == 2
    assert f"{path} cannot be read" in caplog.text
    assert path.read_text() == whole


def test_a_file_that_changes_during_the_run_is_told(root):
    open_model(config(root)).hidden_states(asked(("maji", "water")))
    late = open_model(config(root))
    flip_last_byte(root / "model" / "model.safetensors")
    with pytest.raises(ModelError, match="its files were changed; wait until they are written"):
        late.hidden_states(asked(("moto", "fire")))


def test_what_the_cost_of_placebos_decided_holds_for_the_next_run(root):
    first = open_model(config(root, placebo=None))
    first.hidden_states(asked(("maji", "water")))
    assert "they would take about" in first.placebos.decide(10**9)
    again = open_model(config(root, placebo=None))
    assert "they cost too much when this model was first scored; --placebo 20" in again.placebos.decide(1)
    assert again.placebos.count == 0
    assert open_model(config(root)).placebos.count == 2


def test_what_a_killed_process_was_keeping_of_a_load_goes_at_the_next(root):
    place = place_of(config(root)).path
    half = left_over(place.parent, place.name, process=ended())
    open_model(config(root))
    assert place.is_file()
    assert not half.exists()


def test_clear_removes_what_was_told(root):
    open_model(config(root))
    place = place_of(config(root)).path
    mine = place.with_name("mine.json")
    mine.write_text("{}")
    assert shelf.clear(place.parent)[0] == 1
    assert list(place.parent.iterdir()) == [mine]
