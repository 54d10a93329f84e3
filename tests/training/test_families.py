"""Packages and encoders are trained in their text body, and what is saved does what was trained."""

import peft
import pytest
import torch
import transformers

from tests.models.architectures import build, build_package
from tests.training.conftest import make_tokenizer
from tli_bench.models import attach_adapter, inspect_adapter, load_model
from tli_bench.models.body import body_of
from tli_bench.training import Recipe, train_adapter

TEXT = {"vocab_size": 640, "max_position_embeddings": 128}
IDS = torch.tensor([[5, 6, 7, 8]])


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory):
    def get(name, model):
        folder = tmp_path_factory.mktemp(name)
        model.save_pretrained(folder)
        make_tokenizer().save_pretrained(folder)
        return folder

    return get


def states(model):
    with torch.no_grad():
        return body_of(model)(input_ids=IDS).last_hidden_state


@pytest.mark.parametrize("blocks", ["all", "reachable"])
def test_a_package_trains_its_text_blocks_and_leaves_its_tower(blocks, lexicon, tmp_path, folder_of):
    base = folder_of("gemma3", build_package("gemma3", **TEXT))
    recipe = Recipe(batch_size=8, epochs=1, layer="2", modules=("q_proj", "v_proj"), name="p", blocks=blocks)
    train_adapter(load_model(str(base)), "swh-eng", recipe, tmp_path / "a", lexicon=lexicon)
    names = inspect_adapter(str(tmp_path / "a")).config["target_modules"]
    assert len(names) == 2 * (3 if blocks == "all" else 2)
    assert all("language_model.layers." in name for name in names)
    model, _ = attach_adapter(load_model(str(base)), inspect_adapter(str(tmp_path / "a")))
    wrapped = [name for name, _ in model.named_modules() if name.endswith("lora_A")]
    assert len(wrapped) == len(names)
    stock = peft.PeftModel.from_pretrained(transformers.AutoModelForCausalLM.from_pretrained(base), tmp_path / "a")
    torch.testing.assert_close(states(stock.eval()), states(model))
    assert not torch.allclose(states(model), states(load_model(str(base)).model), atol=1e-4)


def test_a_masked_lms_adapter_is_saved_for_the_class_without_a_head(lexicon, tmp_path, folder_of):
    base = folder_of("bert", build("bert", "AutoModelForMaskedLM", **TEXT))
    recipe = Recipe(batch_size=8, epochs=1, layer="2", modules=("query", "value"), name="e")
    train_adapter(load_model(str(base)), "swh-eng", recipe, tmp_path / "a", lexicon=lexicon)
    assert inspect_adapter(str(tmp_path / "a")).config["task_type"] == "FEATURE_EXTRACTION"
    ours, _ = attach_adapter(load_model(str(base)), inspect_adapter(str(tmp_path / "a")))
    bare = transformers.AutoModel.from_pretrained(base, add_pooling_layer=False)
    stock = peft.PeftModel.from_pretrained(bare, tmp_path / "a").eval()
    torch.testing.assert_close(states(stock), states(ours))
    assert not torch.allclose(states(ours), states(load_model(str(base)).model), atol=1e-4)
