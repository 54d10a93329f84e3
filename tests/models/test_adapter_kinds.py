"""Our adapted and base states equal what stock PEFT computes, for every kind of adapter in the table."""

import peft
import pytest
import torch

from tests.models.test_adapters import noise
from tests.vectors.test_architectures import WORDS, Bytes
from tli_bench.base.errors import AdapterError
from tli_bench.models import attach_adapter, inspect_adapter, load_model
from tli_bench.vectors.backend import Backend
from tli_bench.vectors.inputs import Framing
from tli_bench.vectors.protocols import Pooling

# PEFT's own: an extension that is not compiled, layers it did not foresee, embeddings it saves.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:peft.*")
QV = ["q_proj", "v_proj"]
SQUARE = ["q_proj", "o_proj"]
KINDS = {
    "lora": lambda: peft.LoraConfig(r=4, target_modules=QV),
    "rslora": lambda: peft.LoraConfig(r=4, target_modules=QV, use_rslora=True, lora_alpha=16),
    "dora": lambda: peft.LoraConfig(r=4, target_modules=QV, use_dora=True),
    "lora-some-layers": lambda: peft.LoraConfig(r=4, target_modules=["q_proj", "up_proj"], layers_to_transform=[1]),
    "lora-embeddings": lambda: peft.LoraConfig(r=4, target_modules=["embed_tokens", "q_proj"]),
    "lora-patterns": lambda: peft.LoraConfig(r=4, target_modules=QV, rank_pattern={"layers.1.self_attn.q_proj": 2}),
    "lora-head": lambda: peft.LoraConfig(r=4, target_modules=QV, modules_to_save=["lm_head"]),
    "loha": lambda: peft.LoHaConfig(r=4, target_modules=QV),
    "lokr": lambda: peft.LoKrConfig(r=4, target_modules=QV),
    "adalora": lambda: peft.AdaLoraConfig(init_r=4, target_r=2, target_modules=QV, total_step=10),
    "ia3": lambda: peft.IA3Config(target_modules=["k_proj", "v_proj", "down_proj"], feedforward_modules=["down_proj"]),
    "oft": lambda: peft.OFTConfig(r=0, oft_block_size=4, target_modules=QV),
    "boft": lambda: peft.BOFTConfig(boft_block_size=4, target_modules=SQUARE),
    "vera": lambda: peft.VeraConfig(r=4, target_modules=SQUARE),
    "hra": lambda: peft.HRAConfig(r=4, target_modules=QV),
    "ln-tuning": lambda: peft.LNTuningConfig(target_modules=["input_layernorm", "norm"]),
    "fourierft": lambda: peft.FourierFTConfig(n_frequency=20, target_modules=QV),
    "vblora": lambda: peft.VBLoRAConfig(r=4, num_vectors=8, vector_length=16, topk=2, target_modules=SQUARE),
    "miss": lambda: peft.MissConfig(r=4, target_modules=QV),
    "randlora": lambda: peft.RandLoraConfig(r=4, target_modules=SQUARE),
    "shira": lambda: peft.ShiraConfig(r=4, target_modules=QV),
    "c3a": lambda: peft.C3AConfig(block_size=8, target_modules=SQUARE),
    "road": lambda: peft.RoadConfig(group_size=8, target_modules=QV),
    "delora": lambda: peft.DeloraConfig(r=4, target_modules=QV),
    "gralora": lambda: peft.GraloraConfig(r=4, gralora_k=2, target_modules=QV),
    "trainable-tokens": lambda: peft.TrainableTokensConfig(token_indices=[22, 34]),
}
QUICK = ("lora", "dora", "ia3", "ln-tuning")


def stock_states(model, ids):
    with torch.no_grad():
        return torch.stack([state[0] for state in model(input_ids=ids, output_hidden_states=True).hidden_states])


def saved(base, folder, config, loader="AutoModelForCausalLM"):
    """An adapter with random weights that stock PEFT wrote for the model in `base`, loaded by a class of transformers."""
    import transformers

    model = peft.get_peft_model(getattr(transformers, loader).from_pretrained(base), config)
    noise(model)
    model.save_pretrained(folder)
    return folder


def compare(base, adapter, loader="AutoModelForCausalLM"):
    """Our states of base and adapted against stock PEFT's, on the class that the adapter was made on."""
    import transformers

    stock = getattr(transformers, loader).from_pretrained(base).eval()
    tokenizer = Bytes()
    ids = {word: torch.tensor(tokenizer([word])["input_ids"]) for word in WORDS}
    expected = {"base": {word: stock_states(stock, ids[word]) for word in WORDS}}
    wrapped = peft.PeftModel.from_pretrained(stock, adapter).eval()
    expected["adapted"] = {word: stock_states(wrapped, ids[word]) for word in WORDS}
    assert not torch.allclose(expected["base"]["maji"], expected["adapted"]["maji"], atol=1e-3)
    model, _ = attach_adapter(load_model(str(base)), inspect_adapter(str(adapter)))
    backend = Backend(model, tokenizer)
    for state, by_word in expected.items():
        found = backend.states(WORDS, Framing(), (Pooling.WORD_MEAN,), state=state)
        shown = [k for k, name in enumerate(found.layers) if not name.endswith("p")]
        for word, plain in by_word.items():
            ours = found.texts[word].vectors[Pooling.WORD_MEAN][shown]
            torch.testing.assert_close(ours, plain[:, 1:].mean(1), rtol=1e-5, atol=1e-5, msg=f"{state} {word}")
    return model


@pytest.mark.parametrize("kind", [pytest.param(k, marks=() if k in QUICK else (pytest.mark.slow,)) for k in KINDS])
def test_states_equal_stock_peft(kind, model_folder, tmp_path):
    base = model_folder("llama")
    compare(base, saved(base, tmp_path / "adapter", KINDS[kind]()))


def test_the_table_is_long_enough():
    assert len(KINDS) >= 12


def test_a_prompt_tuning_adapter_keeps_its_refusal(model_folder, tmp_path):
    base = model_folder("llama")
    saved(base, tmp_path / "a", peft.PromptTuningConfig(num_virtual_tokens=3, task_type="CAUSAL_LM"))
    with pytest.raises(AdapterError, match="adds tokens, not weights"):
        attach_adapter(load_model(str(base)), inspect_adapter(str(tmp_path / "a")))


def test_an_activated_lora_whose_invocation_never_occurs_is_refused(model_folder, tmp_path):
    base = model_folder("llama")
    config = peft.LoraConfig(r=4, target_modules=QV, task_type="CAUSAL_LM", alora_invocation_tokens=[299, 298])
    adapter = saved(base, tmp_path / "a", config)
    model, _ = attach_adapter(load_model(str(base)), inspect_adapter(str(adapter)))
    backend = Backend(model, Bytes())
    assert backend.states(WORDS, Framing(), (Pooling.WORD_MEAN,)).layers[0] == "0"  # the base is what it is
    with pytest.raises(AdapterError, match=r"activated LoRA.*\[299, 298\], and none of the texts contains them"):
        backend.states(WORDS, Framing(), (Pooling.WORD_MEAN,), state="adapted")
