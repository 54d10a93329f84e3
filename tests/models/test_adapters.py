"""Adapters: attached and exact, or refused with the reason; the base is never scored in an adapter's place."""

import json
import re
import shutil
import warnings
from dataclasses import replace

import peft
import pytest
import torch
from peft import LoraConfig, PromptTuningConfig, get_peft_model
from safetensors.torch import load_file, save_file

from tests.forked import python
from tli_bench.base.errors import AdapterError
from tli_bench.models import adapter_disabled, attach_adapter, inspect_adapter, load_model
from tli_bench.models.fingerprint import model_fingerprint

WEIGHTS, CONFIG, CARD = "adapter_model.safetensors", "adapter_config.json", "tli_card.json"
IDS = torch.arange(2, 40)[None]


def output(model):
    with torch.no_grad():
        return model(input_ids=IDS).logits


def noise(model, seed=0):
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = 0.1 * torch.randn(parameter.shape, generator=generator)


def save_adapter(base, folder, config=None, *, trained=True):
    """An adapter written by stock PEFT for the model in folder `base`."""
    model = get_peft_model(load_model(str(base)).model, config or LoraConfig(r=4, target_modules=["q_proj", "v_proj"]))
    if trained:
        noise(model)
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def base(model_folder):
    return model_folder("llama")


@pytest.fixture(scope="module")
def shared(base, tmp_path_factory):
    return save_adapter(base, tmp_path_factory.mktemp("adapter"))


@pytest.fixture
def adapter(shared, tmp_path):
    """A sound adapter that a test may damage."""
    return shutil.copytree(shared, tmp_path / "adapter")


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def edit_tensors(folder, change):
    save_file(change(load_file(folder / WEIGHTS)), folder / WEIGHTS, metadata={"format": "pt"})


def attach(base, adapter, **options):
    return attach_adapter(load_model(str(base)), inspect_adapter(str(adapter)), **options)


def test_a_sound_adapter_changes_the_model_and_comes_with_its_identity(base, adapter):
    model, reference = attach(base, adapter)
    assert not torch.equal(output(model), output(load_model(str(base)).model))
    assert (reference.name, reference.rank, reference.recipe) == ("adapter", 4, None)
    # Three blocks, rank 4: A of q and v is 4 x 32, B of q 32 x 4, B of v 16 x 4 (two key-value heads of 8).
    assert reference.trainable_parameters == 3 * (128 + 128 + 128 + 64)
    assert re.fullmatch(r"[0-9a-f]{64}", reference.sha256)
    assert not model.training


def test_the_adapted_model_is_what_plain_peft_computes(base, adapter):
    plain = peft.PeftModel.from_pretrained(load_model(str(base)).model, adapter).eval()
    assert torch.equal(output(attach(base, adapter)[0]), output(plain))


@pytest.mark.parametrize("quantize", ["none", "nf4"])
def test_with_the_adapter_disabled_the_model_is_exactly_the_base(model_folder, tmp_path, quantize):
    from tli_bench.models import LoadOptions

    folder, options = model_folder("llama", width=64), LoadOptions(quantize=quantize)
    alone = output(load_model(str(folder), options).model)
    loaded = load_model(str(folder), options)
    model, _ = attach_adapter(loaded, inspect_adapter(str(save_adapter(folder, tmp_path / "adapter"))))
    adapted = output(model)
    with adapter_disabled(model):
        assert torch.equal(output(model), alone)
    assert torch.equal(output(model), adapted)
    assert (adapted - alone).abs().max() > 1e-4


@pytest.mark.parametrize("quantize", ["none", "nf4"])
def test_an_untrained_adapter_changes_nothing_at_all(model_folder, tmp_path, quantize):
    """B = 0: the negative control of every before and after."""
    from tli_bench.models import LoadOptions

    folder, options = model_folder("llama", width=64), LoadOptions(quantize=quantize)
    save_adapter(folder, tmp_path / "untrained", trained=False)
    model, _ = attach_adapter(load_model(str(folder), options), inspect_adapter(str(tmp_path / "untrained")))
    with torch.no_grad():
        adapted = model(input_ids=IDS, output_hidden_states=True).hidden_states
        with adapter_disabled(model):
            before = model(input_ids=IDS, output_hidden_states=True).hidden_states
    assert all(float((a - b).abs().max()) == 0.0 for a, b in zip(adapted, before, strict=True))


def test_a_plain_model_may_be_disabled_too(base):
    model = load_model(str(base)).model
    with adapter_disabled(model):
        assert output(model).isfinite().all()


def test_the_hash_follows_content_and_not_place(adapter, tmp_path):
    first = inspect_adapter(str(adapter)).sha256
    copy = shutil.copytree(adapter, tmp_path / "elsewhere")
    assert inspect_adapter(str(copy)).sha256 == first
    edit_tensors(copy, lambda tensors: {k: v + (1e-3 if i == 0 else 0) for i, (k, v) in enumerate(tensors.items())})
    changed = inspect_adapter(str(copy)).sha256
    assert changed != first
    edit(adapter / CONFIG, lora_alpha=99)
    assert len({inspect_adapter(str(adapter)).sha256, first, changed}) == 3


# Not an adapter at all.


def test_a_path_that_does_not_exist(tmp_path):
    with pytest.raises(
        AdapterError, match=r"no adapter at .*none.*does not exist, and the base is never scored in its"
    ):
        inspect_adapter(str(tmp_path / "none"))


def test_a_hub_adapter_while_offline():
    with pytest.raises(
        AdapterError,
        match=r"no adapter at 'org/none': there is no such folder, and org/none is not in the local cache.*hf download",
    ):
        inspect_adapter("org/none")


def test_a_model_given_as_adapter(base):
    with pytest.raises(AdapterError, match=r"is not a PEFT adapter \(it looks like a model: use --model\)"):
        inspect_adapter(str(base))


def test_an_empty_folder(tmp_path):
    with pytest.raises(AdapterError, match=r"is not a PEFT adapter \(it has no adapter_config\.json\)"):
        inspect_adapter(str(tmp_path))


def test_a_file_of_the_adapter(adapter):
    with pytest.raises(AdapterError, match="is a file; give the folder that holds"):
        inspect_adapter(str(adapter / WEIGHTS))


def test_pickled_weights(adapter):
    torch.save(load_file(adapter / WEIGHTS), adapter / "adapter_model.bin")
    (adapter / WEIGHTS).unlink()
    with pytest.raises(
        AdapterError, match=r"holds pickled weights, which can run code; save it as adapter_model\.safetens"
    ):
        inspect_adapter(str(adapter))


def test_no_weights(adapter):
    (adapter / WEIGHTS).unlink()
    with pytest.raises(AdapterError, match=r"has a adapter_config\.json but no adapter_model\.safetensors"):
        inspect_adapter(str(adapter))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read: "),
        ("[1]", "holds a list, not an object"),
        ("{}", "does not name a peft_type: this is not a PEFT adapter"),
        ('{"peft_type": 7}', "does not name a peft_type"),
    ],
)
def test_a_configuration_that_is_none(adapter, text, message):
    (adapter / CONFIG).write_text(text)
    with pytest.raises(AdapterError, match=message):
        inspect_adapter(str(adapter))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nan_and_infinity_name_their_tensor(adapter, value):
    def spoil(tensors):
        tensors["base_model.model.model.layers.2.self_attn.v_proj.lora_B.weight"][3, 1] = value
        return tensors

    edit_tensors(adapter, spoil)
    with pytest.raises(AdapterError, match=r"NaN or infinite values in '.*layers\.2.*v_proj\.lora_B.*diverged"):
        inspect_adapter(str(adapter))


def test_weights_that_are_no_safetensors(adapter):
    (adapter / WEIGHTS).write_bytes((adapter / WEIGHTS).read_bytes()[:-8])
    with pytest.raises(AdapterError, match="is not a readable safetensors file"):
        inspect_adapter(str(adapter))


def test_weights_without_a_tensor(adapter):
    save_file({}, adapter / WEIGHTS)
    with pytest.raises(AdapterError, match="holds no tensors"):
        inspect_adapter(str(adapter))


@pytest.mark.parametrize(
    ("text", "message"), [("{", "tli_card.json cannot be read"), ('{"base": "tiny"}', "`base` must be")]
)
def test_a_damaged_card(adapter, text, message):
    (adapter / CARD).write_text(text)
    with pytest.raises(AdapterError, match=message):
        inspect_adapter(str(adapter))


def test_a_card_of_odd_types_does_not_reach_the_record(base, adapter):
    (adapter / CARD).write_text(json.dumps({"name": ["x"], "recipe": {"a": 1}, "layers": {"loss": 2}, "pair": "a-b"}))
    reference = attach(base, adapter)[1]
    assert (reference.name, reference.recipe) == ("['x']", None)
    assert (reference.loss_layers, reference.trained_on) == ((), "a-b")


def test_the_card_says_where_the_loss_was_and_how_much_received_gradient(base, adapter):
    """LoRA on every block with the loss below most of them: what lies above never moves."""
    card = {"layers": {"loss": ["1"]}, "pair": "swh_Latn-eng_Latn", "budget": {"trainable_parameters": 448}}
    (adapter / CARD).write_text(json.dumps(card))
    reference = attach(base, adapter)[1]
    assert (reference.loss_layers, reference.trained_on) == (("1",), "swh_Latn-eng_Latn")
    assert reference.trainable_parameters == 448


# An adapter, but of another base.


def test_another_base_by_recorded_name(base, adapter):
    edit(adapter / CONFIG, base_model_name_or_path="org/other")
    with pytest.raises(AdapterError, match=r"belongs to another base: it was trained on 'org/other', .*--any-base"):
        attach(base, adapter)
    assert attach(base, adapter, any_base=True)[1].name == "adapter"


def test_a_base_that_was_moved_is_known_by_its_fingerprint(base, adapter):
    edit(adapter / CONFIG, base_model_name_or_path="/elsewhere/model")
    card = {"base": {"id": "/elsewhere/model", "revision": model_fingerprint(base)}}
    (adapter / CARD).write_text(json.dumps(card))
    assert attach(base, adapter)[1].name == "adapter"
    card["base"]["revision"] = "sha256:" + 16 * "0"
    (adapter / CARD).write_text(json.dumps(card))
    with pytest.raises(AdapterError, match="belongs to another base: it was trained on '/elsewhere/model'"):
        attach(base, adapter)


def test_a_base_recorded_by_a_relative_path_is_recognised(base, adapter, monkeypatch):
    monkeypatch.chdir(base.parent)
    edit(adapter / CONFIG, base_model_name_or_path=base.name)
    assert attach(base, adapter)[1].name == "adapter"


def test_an_alias_is_its_target(base, adapter):
    edit(adapter / CONFIG, base_model_name_or_path="Lugha-Llama/Lugha-Llama-8B-wura")
    loaded = replace(
        load_model(str(base)), id="Lugha-Llama/Lugha-Llama-8B-wura", path="Lugha-Llama/Lugha-Llama-8B-wura"
    )
    files = inspect_adapter(str(adapter))
    (adapter / CARD).write_text(json.dumps({"base": {"id": "lugha"}}))
    assert attach_adapter(loaded, inspect_adapter(str(adapter)))[1].sha256 == files.sha256


def test_another_base_by_the_cards_revision(base, adapter):
    loaded = load_model(str(base))
    (adapter / CARD).write_text(json.dumps({"name": "mine", "base": {"id": loaded.id, "revision": "sha256:0123"}}))
    files = inspect_adapter(str(adapter))
    with pytest.raises(
        AdapterError, match=rf"at revision sha256:0123, but the loaded base is {loaded.revision}; .*--any-base"
    ):
        attach_adapter(loaded, files)
    assert attach_adapter(loaded, files, any_base=True)[1].name == "mine"


def test_the_cards_own_revision_is_accepted(base, adapter):
    loaded = load_model(str(base))
    card = {"name": "mine", "recipe": "tli", "base": {"id": loaded.id, "revision": loaded.revision}}
    (adapter / CARD).write_text(json.dumps(card))
    assert attach(base, adapter)[1].recipe == "tli"


@pytest.mark.parametrize("any_base", [False, True])
def test_another_base_by_shape_even_when_any_base_is_allowed(model_folder, tmp_path, any_base):
    save_adapter(model_folder("llama", width=64), tmp_path / "adapter")
    edit(tmp_path / "adapter" / CONFIG, base_model_name_or_path=str(model_folder("llama")))
    with pytest.raises(AdapterError, match=r"does not fit .*another base.*size mismatch"):
        attach(model_folder("llama"), tmp_path / "adapter", any_base=any_base)


def test_another_base_by_its_modules(model_folder, adapter):
    edit(adapter / CONFIG, base_model_name_or_path=None)
    with pytest.raises(AdapterError, match=r"does not fit .*another base.*Target modules"):
        attach(model_folder("gpt2"), adapter)


def test_a_missing_tensor_is_not_left_at_its_initial_value(base, adapter):
    key = "base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight"
    edit_tensors(adapter, lambda tensors: {k: v for k, v in tensors.items() if k != key})
    with pytest.raises(AdapterError, match=rf"{re.escape(key)} is missing in the file and \(32, 4\) in the model"):
        attach(base, adapter)


def test_a_tensor_too_many_is_not_passed_over(base, adapter):
    """An adapter of a deeper base: its first blocks would fit."""
    key = "base_model.model.model.layers.3.self_attn.q_proj.lora_A.weight"
    edit_tensors(adapter, lambda tensors: tensors | {key: torch.zeros(4, 32)})
    with pytest.raises(AdapterError, match=rf"{re.escape(key)} is \(4, 32\) in the file and absent in the model"):
        attach(base, adapter)


def test_embeddings_of_another_base_are_never_put_in_place_of_ours(model_folder, tmp_path):
    """LoRA on the embeddings carries a copy of them, which PEFT loads over the base's own."""
    config = LoraConfig(r=4, target_modules=["q_proj", "embed_tokens"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PEFT says that it writes the embeddings too
        save_adapter(model_folder("llama", seed=1), tmp_path / "adapter", config)
    with pytest.raises(
        AdapterError, match=r"another base: it comes with its own model\.embed_tokens\.base_layer\.weight"
    ):
        attach(model_folder("llama"), tmp_path / "adapter", any_base=True)
    model, reference = attach(model_folder("llama", seed=1), tmp_path / "adapter")
    assert reference.trainable_parameters == 3 * (128 + 128) + 4 * (300 + 32)
    assert not torch.equal(output(model), output(load_model(str(model_folder("llama", seed=1))).model))


# An adapter of this base that cannot be scored.


def test_an_adapter_that_rewrites_its_base_is_refused(base, tmp_path):
    """PiSSA moves part of the weights into the adapter: switched off, the model is no longer the base."""
    save_adapter(base, tmp_path / "adapter", LoraConfig(r=4, target_modules=["q_proj"], init_lora_weights="pissa"))
    with pytest.raises(
        AdapterError, match=r"changes the base itself .*PiSSA.*path_initial_model_for_weight_conversion"
    ):
        attach(base, tmp_path / "adapter")


def test_trained_biases_are_refused(model_folder, tmp_path):
    config = LoraConfig(r=4, target_modules=["c_attn"], bias="all", fan_in_fan_out=True)
    save_adapter(model_folder("gpt2"), tmp_path / "adapter", config)
    with pytest.raises(AdapterError, match="changes the base itself"):
        attach(model_folder("gpt2"), tmp_path / "adapter")


def test_prompt_tuning_is_refused(base, tmp_path):
    config = PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4)
    save_adapter(base, tmp_path / "adapter", config)
    with pytest.raises(AdapterError, match="is a PROMPT_TUNING adapter, which adds tokens, not weights"):
        attach(base, tmp_path / "adapter")


def test_a_kind_that_this_peft_does_not_know(base, adapter):
    edit(adapter / CONFIG, peft_type="NO_SUCH_TUNER")
    with pytest.raises(AdapterError, match=r"\(NO_SUCH_TUNER\) does not fit .*this PEFT cannot read it"):
        attach(base, adapter)


def test_modules_saved_whole_are_counted_and_disabled_with_the_rest(base, tmp_path):
    config = LoraConfig(r=4, target_modules=["q_proj"], modules_to_save=["embed_tokens"])
    save_adapter(base, tmp_path / "adapter", config)
    model, reference = attach(base, tmp_path / "adapter")
    assert reference.trainable_parameters == 3 * 256 + 300 * 32
    with adapter_disabled(model):
        assert torch.equal(output(model), output(load_model(str(base)).model))


def test_an_adapter_of_an_encoder(model_folder, tmp_path):
    save_adapter(model_folder("bert"), tmp_path / "adapter", LoraConfig(r=4, target_modules=["query"]))
    model, reference = attach(model_folder("bert"), tmp_path / "adapter")
    assert reference.rank == 4
    assert model(input_ids=IDS).last_hidden_state.isfinite().all()


def test_bitsandbytes_is_left_out_for_a_plain_model_and_found_again_for_a_quantised_one(model_folder, tmp_path):
    """In one process: a plain model with its adapter first, then a quantised one with the same adapter."""
    base = model_folder("llama", width=64)
    save_adapter(base, tmp_path / "adapter")
    code = (
        "import sys\n"
        "from tli_bench.models import LoadOptions, attach_adapter, inspect_adapter, load_model\n"
        f"files = inspect_adapter({str(tmp_path / 'adapter')!r})\n"
        f"plain, _ = attach_adapter(load_model({str(base)!r}), files)\n"
        "assert 'bitsandbytes' not in sys.modules\n"
        f"model, _ = attach_adapter(load_model({str(base)!r}, LoadOptions(quantize='nf4')), files)\n"
        "kinds = {type(module).__name__ for module in model.modules() if hasattr(module, 'lora_A')}\n"
        "assert kinds == {'Linear4bit'}, kinds\n"
    )
    done = python("-c", code)
    assert done.returncode == 0, done.stderr[-3000:]
