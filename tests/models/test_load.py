"""Loading: the model as it will be measured, or one sentence that says what is wrong with its files."""

import json
import re
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.conftest import make_model, make_tokenizer
from tests.replica import llama3_model, llama3_tokenizer
from tli_bench.base.errors import InputError, ModelError
from tli_bench.models import LoadOptions, load_model
from tli_bench.models.fingerprint import model_fingerprint


@pytest.fixture
def folder(model_folder, tmp_path):
    """A sound model folder that a test may damage."""
    return shutil.copytree(model_folder("llama"), tmp_path / "model")


def edit_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize("kind", ["llama", "qwen", "gpt2", "gemma", "bert"])
def test_what_was_saved_is_what_is_loaded(model_folder, kind):
    path = model_folder(kind)
    loaded = load_model(str(path))
    saved = make_model(kind, seed=0).state_dict()
    state = loaded.model.state_dict()
    assert state.keys() == saved.keys()
    assert all(torch.equal(state[name], saved[name]) for name in saved)
    assert not loaded.model.training
    assert (loaded.id, loaded.dtype, loaded.quantization, loaded.device) == (str(path), "float32", None, "cpu")
    assert re.fullmatch(r"sha256:[0-9a-f]{16}", loaded.revision)


def test_bf16_on_disk_is_float32_on_a_cpu(tmp_path):
    model = make_model("llama").to(torch.bfloat16)
    model.save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["dtype"] == "bfloat16"
    loaded = load_model(str(tmp_path), LoadOptions(device="cpu"))
    assert loaded.dtype == "float32"
    assert {p.dtype for p in loaded.model.parameters()} == {torch.float32}
    assert torch.equal(loaded.model.lm_head.weight, model.lm_head.weight.float())
    asked = load_model(str(tmp_path), LoadOptions(device="cpu", dtype="bfloat16"))
    assert {p.dtype for p in asked.model.parameters()} == {torch.bfloat16}


def test_nf4_on_a_cpu_quantises_the_blocks_and_nothing_else(tmp_path):
    import bitsandbytes

    tokenizer = llama3_tokenizer()
    llama3_model(tokenizer).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    loaded = load_model(str(tmp_path), LoadOptions(device="cpu", quantize="nf4"))
    assert loaded.quantization == "nf4"
    small = [name for name, m in loaded.model.named_modules() if isinstance(m, bitsandbytes.nn.Linear4bit)]
    assert len(small) == 3 * 7  # q, k, v, o, gate, up and down of three blocks
    assert all(".layers." in name for name in small)
    assert loaded.model.model.layers[0].mlp.up_proj.weight.quant_state.quant_type == "nf4"
    whole = load_model(str(tmp_path), LoadOptions(quantize="none"))
    assert whole.quantization is None
    assert (
        loaded.parameters
        == whole.parameters
        == sum(t.numel() for t in load_file(tmp_path / "model.safetensors").values())
    )


def test_bos_survives_loading_and_no_pad_token_appears(tmp_path):
    tokenizer = llama3_tokenizer()
    llama3_model(tokenizer).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    loaded = load_model(str(tmp_path))
    ids = loaded.tokenizer("maji")["input_ids"]
    assert ids == tokenizer("maji")["input_ids"]
    assert ids[0] == loaded.tokenizer.bos_token_id == tokenizer.bos_token_id
    assert loaded.tokenizer.pad_token is None


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_the_fingerprint_changes_with_every_file_that_changes_hidden_states(folder, name):
    before = model_fingerprint(folder)
    assert before == model_fingerprint(folder)
    (folder / "README.md").write_text("no part of the model")
    assert model_fingerprint(folder) == before
    (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    assert model_fingerprint(folder) != before


def test_tokenizer_and_vocabulary_that_disagree(folder):
    tokenizer = make_tokenizer()
    tokenizer.add_tokens(["zaidi"])
    tokenizer.save_pretrained(folder)
    with pytest.raises(ModelError, match=r"disagree: token 'zaidi' has id 300, but the model has only 300 embeddings"):
        load_model(str(folder))


def test_a_pad_token_that_was_added_and_never_trained_does_no_harm(folder):
    tokenizer = make_tokenizer()
    tokenizer.add_special_tokens({"pad_token": "<|pad|>"})
    tokenizer.save_pretrained(folder)
    assert load_model(str(folder)).tokenizer.pad_token_id == 300


def test_a_bos_without_embedding_is_refused_since_it_stands_before_every_word(folder):
    data = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    data["added_tokens"].append({**data["added_tokens"][0], "id": 300, "content": "<|start|>"})
    data["post_processor"]["special_tokens"]["<|begin_of_text|>"]["ids"] = [300]
    (folder / "tokenizer.json").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(ModelError, match=r"token '<\|start\|>' has id 300"):
        load_model(str(folder))


def test_missing_weights_are_never_filled_with_random_ones(folder):
    tensors = load_file(folder / "model.safetensors")
    del tensors["model.layers.1.self_attn.q_proj.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        ModelError, match=r"lack 1 tensors that its configuration asks for \(model\.layers\.1\.self_attn\.q_proj"
    ):
        load_model(str(folder))


def test_a_configuration_of_a_deeper_model(folder):
    edit_config(folder, num_hidden_layers=4)
    with pytest.raises(ModelError, match=r"lack 9 tensors .*layers\.3.*do not belong together"):
        load_model(str(folder))


def test_an_encoder_without_pooler_loads(tmp_path):
    """A masked LM's checkpoint has none, and no hidden state needs it."""
    make_model("bert").save_pretrained(tmp_path)
    make_tokenizer(bert=True).save_pretrained(tmp_path)
    tensors = {k: v for k, v in load_file(tmp_path / "model.safetensors").items() if "pooler" not in k}
    assert len(tensors) < len(load_file(tmp_path / "model.safetensors"))
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    edit_config(tmp_path, architectures=["BertForMaskedLM"])
    assert type(load_model(str(tmp_path)).model).__name__ == "BertModel"


def test_tied_embeddings_are_not_missing(tmp_path):
    from transformers import LlamaForCausalLM

    config = make_model("llama").config
    config.tie_word_embeddings = True
    LlamaForCausalLM(config).save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    assert "lm_head.weight" not in load_file(tmp_path / "model.safetensors")
    model = load_model(str(tmp_path)).model
    assert model.lm_head.weight is model.model.embed_tokens.weight


DAMAGE = {
    "weights of another shape": lambda f: edit_config(f, intermediate_size=96),
    "weights cut short": lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:-100]),
    "weights that are no safetensors": lambda f: (f / "model.safetensors").write_bytes(b"\x80\x04pickle"),
    "a configuration that is no JSON": lambda f: (f / "config.json").write_text("{"),
    "a configuration that is a list": lambda f: (f / "config.json").write_text("[]"),
    "an unknown architecture": lambda f: edit_config(f, model_type="no-such-type", architectures=["NoSuch"]),
    "a value of a wrong type": lambda f: edit_config(f, num_hidden_layers="three"),
    "a number of heads that does not divide": lambda f: edit_config(f, num_attention_heads=5, head_dim=None),
    "a tokenizer that is no JSON": lambda f: (f / "tokenizer.json").write_text("{"),
    "a tokenizer of nonsense": lambda f: (f / "tokenizer.json").write_text('{"model": 3}'),
    "a shard that is missing": lambda f: (
        (f / "model.safetensors").rename(f / "model-00001-of-00002.safetensors"),
        (f / "model.safetensors.index.json").write_text(
            json.dumps({"metadata": {}, "weight_map": {"lm_head.weight": "model-00002-of-00002.safetensors"}})
        ),
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_files_are_one_sentence_that_names_the_folder(folder, damage):
    DAMAGE[damage](folder)
    with pytest.raises(ModelError, match=re.escape(f"cannot load the model in {folder}: ")) as caught:
        load_model(str(folder))
    assert "\n" not in str(caught.value)


def test_a_hub_id_while_offline_says_what_to_download_and_how():
    with pytest.raises(ModelError) as caught:
        load_model("tli-bench-tests/not-in-any-cache")
    message = str(caught.value)
    assert "tli-bench-tests/not-in-any-cache is not in the local cache" in message
    assert "HF_HUB_OFFLINE" in message
    assert "`hf download tli-bench-tests/not-in-any-cache`" in message


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"dtype": "float8"}, "unknown dtype 'float8'; use one of float32, bfloat16, float16"),
        ({"quantize": "nf3"}, "unknown quantisation 'nf3'; use one of nf4, nf4-double, int8, none"),
        ({"device": "gpu"}, "no device 'gpu' on this machine; use one of cpu"),
        (
            {"device": "cpu", "device_map": "auto"},
            "--device-map auto chooses the devices itself; leave out --device cpu",
        ),
        ({"max_memory": ("cpu=1GiB",)}, "--max-memory is what --device-map may fill; add --device-map auto"),
        (
            {"device_map": "auto", "max_memory": ("cpu",)},
            "--max-memory 'cpu' is not DEVICE=SIZE; give the number of a GPU or cpu",
        ),
        ({"attn": "flash"}, "unknown attention 'flash'; use one of sdpa, eager"),
    ],
)
def test_unknown_options_name_the_valid_ones(model_folder, option, message):
    with pytest.raises(InputError, match=message):
        load_model(str(model_folder("llama")), LoadOptions(**option))


def test_a_device_map_loads_the_same_model(model_folder):
    folder = str(model_folder("llama"))
    spread, one = load_model(folder, LoadOptions(device_map="auto", max_memory=("cpu=1GiB",))), load_model(folder)
    assert spread.device == "cpu"
    assert all(torch.equal(a, b) for a, b in zip(spread.model.parameters(), one.model.parameters(), strict=True))


def test_a_model_that_would_partly_stay_on_disk_is_refused(model_folder):
    with pytest.raises(ModelError, match=r"does not fit into the memory that it may use.*`tli-bench plan`"):
        load_model(str(model_folder("llama")), LoadOptions(device_map="auto", max_memory=("cpu=60KiB",)))


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_the_attention_that_is_asked_for_is_used(model_folder, attention):
    assert (
        load_model(str(model_folder("llama")), LoadOptions(attn=attention)).model.config._attn_implementation
        == attention
    )


def test_double_quantisation_is_a_quantisation_of_its_own(model_folder):
    loaded = load_model(str(model_folder("llama", width=64)), LoadOptions(quantize="nf4-double"))
    state = loaded.model.model.layers[0].mlp.up_proj.weight.quant_state
    assert (loaded.quantization, state.quant_type, state.nested) == ("nf4-double", "nf4", True)


def test_a_tokenizer_that_takes_the_place_of_the_models_own(model_folder, tmp_path):
    """An adapter's folder often holds one: with special tokens that no word contains, or with words that the base has no row for."""
    special, wordy = make_tokenizer(bos=False), make_tokenizer(bos=False)
    special.add_special_tokens({"pad_token": "<|pad|>"})
    wordy.add_tokens(["nyumbani"])
    special.save_pretrained(tmp_path / "special")
    wordy.save_pretrained(tmp_path / "wordy")
    base = str(model_folder("llama"))
    ids = [
        load_model(base, LoadOptions(tokenizer=name)).tokenizer("maji")["input_ids"]
        for name in (None, str(tmp_path / "special"))
    ]
    assert ids[0] == [0, *ids[1]]
    with pytest.raises(
        ModelError, match=r"and .*wordy disagree: token 'nyumbani' has id 300, but the model has only 300 embeddings"
    ):
        load_model(base, LoadOptions(tokenizer=str(tmp_path / "wordy")))
    with pytest.raises(ModelError, match=r"no tokenizer at '.*'; give a folder that holds one \(tokenizer\.json"):
        load_model(base, LoadOptions(tokenizer=str(tmp_path)))
