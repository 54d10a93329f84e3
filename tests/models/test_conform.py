"""Adapters made on another class of the same checkpoint give the states that they give there."""

import peft
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from tests.conftest import make_tokenizer
from tests.models.architectures import build, build_package
from tests.models.test_adapter_kinds import KINDS, QV, compare, saved
from tli_bench.base.errors import AdapterError
from tli_bench.models import attach_adapter, inspect_adapter, load_model
from tli_bench.models.body import body_of

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:peft.*")
WEIGHTS = "adapter_model.safetensors"
LORA = {"r": 4, "target_modules": QV}


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory):
    """Folder of a saved model with a tokenizer whose ids it has."""
    made = {}

    def get(name, make):
        if name not in made:
            made[name] = tmp_path_factory.mktemp(name)
            make().save_pretrained(made[name])
            make_tokenizer().save_pretrained(made[name])
        return made[name]

    return get


def rename(adapter, change):
    """Rewrite an adapter's tensor names, as another class or an older release would have written them."""
    tensors = {change(key): value for key, value in load_file(adapter / WEIGHTS).items()}
    save_file(tensors, adapter / WEIGHTS, metadata={"format": "pt"})


@pytest.mark.parametrize("kind", ["gemma3", "qwen3_5"])
@pytest.mark.parametrize("task", [None, "CAUSAL_LM"])
@pytest.mark.parametrize("adapter", ["lora", "dora", pytest.param("ia3", marks=pytest.mark.slow)])
def test_a_package_takes_adapters_of_the_causal_lm_class(kind, task, adapter, folder_of, tmp_path):
    """As people make them: AutoModelForCausalLM on a checkpoint that was saved as ...ForConditionalGeneration."""
    base = folder_of(kind, lambda: build_package(kind))
    config = KINDS[adapter]()
    config.task_type = task
    model = compare(base, saved(base, tmp_path / "a", config))
    tuned = [name for name, part in model.named_modules() if isinstance(part, peft.tuners.tuners_utils.BaseTunerLayer)]
    assert tuned


def test_the_tower_of_a_package_keeps_its_weights(folder_of, tmp_path):
    """Both parts of Gemma 3 have a `q_proj`; an adapter of the text alone, made on its text class, stays in the text."""
    base = folder_of("gemma3", lambda: build_package("gemma3"))
    package = transformers.AutoModelForCausalLM.from_pretrained(base)
    text = transformers.Gemma3ForCausalLM(package.config.text_config).eval()
    text.model.load_state_dict(body_of(package).state_dict())
    model = peft.get_peft_model(text, peft.LoraConfig(**LORA))
    for parameter in model.parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, std=0.1)
    model.save_pretrained(tmp_path / "a")
    loaded = load_model(str(base))
    inside, _ = attach_adapter(loaded, inspect_adapter(str(tmp_path / "a")), any_base=True)
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        ours = body_of(inside)(input_ids=ids).last_hidden_state
        theirs = model.base_model.model.model(input_ids=ids).last_hidden_state
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    tuned = [name for name, _ in inside.named_modules() if name.endswith("lora_A")]
    assert tuned
    assert not [name for name in tuned if "vision" in name]


def test_names_of_older_releases_are_mapped(folder_of, tmp_path):
    """Gemma 3 adapters of transformers 4: `language_model.model.layers` in place of `model.language_model.layers`."""
    base = folder_of("gemma3", lambda: build_package("gemma3"))
    config = peft.LoraConfig(r=4, target_modules=r".*language_model.*\.(q_proj|v_proj)")
    new = saved(base, tmp_path / "new", config)
    compare(base, new)
    old = saved(base, tmp_path / "old", config)
    rename(old, lambda key: key.replace("model.model.language_model.", "model.language_model.model."))
    ours, _ = attach_adapter(load_model(str(base)), inspect_adapter(str(new)))
    mapped, _ = attach_adapter(load_model(str(base)), inspect_adapter(str(old)))
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        assert torch.equal(ours(input_ids=ids).logits, mapped(input_ids=ids).logits)


@pytest.mark.parametrize("task", [None, "FEATURE_EXTRACTION"])
def test_an_adapter_of_the_bare_model_fits_the_causal_lm(task, folder_of, tmp_path):
    base = folder_of("llama", lambda: build("llama", "AutoModelForCausalLM"))
    compare(base, saved(base, tmp_path / "a", peft.LoraConfig(**LORA, task_type=task), "AutoModel"), "AutoModel")


def test_an_adapter_of_the_causal_lm_fits_a_bare_model(folder_of, tmp_path):
    base = folder_of("bare", lambda: build("llama", "AutoModel"))
    loaded = load_model(str(base))
    assert loaded.model.get_output_embeddings() is None
    model = peft.get_peft_model(build("llama", "AutoModelForCausalLM"), peft.LoraConfig(**LORA, task_type="CAUSAL_LM"))
    model.peft_config["default"].base_model_name_or_path = str(base)
    model.save_pretrained(tmp_path / "a")
    inside, _ = attach_adapter(loaded, inspect_adapter(str(tmp_path / "a")))
    assert [name for name, _ in inside.named_modules() if name.endswith("lora_A")]


@pytest.mark.parametrize("made_on", ["AutoModelForMaskedLM", "AutoModel"])
@pytest.mark.parametrize("saved_as", ["AutoModelForMaskedLM", "AutoModel"])
def test_adapters_of_an_encoder_fit_with_and_without_its_head(made_on, saved_as, folder_of, tmp_path):
    base = folder_of(f"bert-{saved_as}", lambda: build("bert", saved_as))
    config = peft.LoraConfig(r=4, target_modules=["query", "value"])
    if (made_on, saved_as) == ("AutoModelForMaskedLM", "AutoModel"):
        model = peft.get_peft_model(build("bert", made_on), config)
        model.peft_config["default"].base_model_name_or_path = str(base)
        model.save_pretrained(tmp_path / "a")
        inside, _ = attach_adapter(load_model(str(base)), inspect_adapter(str(tmp_path / "a")))
        assert [name for name, _ in inside.named_modules() if name.endswith("lora_A")]
        return
    compare(base, saved(base, tmp_path / "a", config, made_on), made_on)


@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_a_classifiers_adapter_brings_its_body_and_leaves_its_head(kind, folder_of, tmp_path):
    """Task type SEQ_CLS: the trained head decides no hidden state."""
    loader = "AutoModelForMaskedLM" if kind == "bert" else "AutoModelForCausalLM"
    base = folder_of(f"{kind}-lm", lambda: build(kind, loader))
    targets = ["query"] if kind == "bert" else QV
    config = peft.LoraConfig(r=4, target_modules=targets, task_type="SEQ_CLS")
    adapter = saved(base, tmp_path / "a", config, "AutoModelForSequenceClassification")
    assert any("score" in key or "classifier" in key for key in load_file(adapter / WEIGHTS))
    model, reference = attach_adapter(load_model(str(base)), inspect_adapter(str(adapter)))
    stock = peft.PeftModel.from_pretrained(
        transformers.AutoModelForSequenceClassification.from_pretrained(base), adapter
    ).eval()
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        ours = body_of(model)(input_ids=ids).last_hidden_state
        theirs = stock(input_ids=ids, output_hidden_states=True).hidden_states[-1]
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    assert reference.sha256


def test_a_deeper_bases_adapter_is_refused(folder_of, tmp_path):
    base = folder_of("llama", lambda: build("llama", "AutoModelForCausalLM"))
    adapter = saved(base, tmp_path / "a", peft.LoraConfig(**LORA), "AutoModel")
    rename(adapter, lambda key: key.replace("layers.2.", "layers.7."))
    with pytest.raises(AdapterError, match="does not fit"):
        attach_adapter(load_model(str(base)), inspect_adapter(str(adapter)))


def test_an_adapter_of_the_tower_alone_is_refused(folder_of, tmp_path):
    base = folder_of("qwen3_5", lambda: build_package("qwen3_5"))
    config = peft.LoraConfig(r=4, target_modules=r".*visual.*\.qkv")
    adapter = saved(base, tmp_path / "a", config, "AutoModelForImageTextToText")
    with pytest.raises(AdapterError, match="holds nothing that a hidden state of a text depends on"):
        attach_adapter(load_model(str(base)), inspect_adapter(str(adapter)), any_base=True)
