"""What ships about real models agrees with the architectures that it states, and is shown as unknown where nobody stated it."""

import pytest
import torch

from tests.models.architectures import build, config_of
from tli_bench.cli import ls
from tli_bench.models.footprint import footprint, stored
from tli_bench.models.known import known_models
from tli_bench.models.skeleton import describe, peak_of, pretended, skeleton

WANTED = {
    "Lugha-Llama/Lugha-Llama-8B-wura", "Lugha-Llama/Lugha-Llama-8B-wura_edu", "Lugha-Llama/Lugha-Llama-8B-wura_math",
    "meta-llama/Llama-3.1-8B", "Qwen/Qwen2-7B", "Qwen/Qwen2-72B", "google/gemma-3-1b-pt", "CohereLabs/aya-expanse-8b",
    "bigscience/bloom-560m", "lelapa/InkubaLM-0.4B", "HuggingFaceTB/SmolLM2-135M", "FacebookAI/xlm-roberta-base",
    "google-bert/bert-base-multilingual-cased", "intfloat/multilingual-e5-small",
}  # fmt: skip
KINDS = [
    ("llama", "AutoModelForCausalLM"), ("qwen2", "AutoModelForCausalLM"), ("gemma", "AutoModelForCausalLM"),
    ("mistral", "AutoModelForCausalLM"), ("gpt2", "AutoModelForCausalLM"), ("bloom", "AutoModelForCausalLM"),
    ("bert", "AutoModelForMaskedLM"), ("xlm-roberta", "AutoModelForMaskedLM"),
]  # fmt: skip


def test_the_models_of_the_field_are_known():
    assert set(known_models()) >= WANTED


@pytest.mark.parametrize("known", [k for k in known_models().values() if k.config], ids=lambda k: k.id)
def test_the_number_of_parameters_is_that_of_the_architecture(known):
    described = describe(known.id)
    assert described.origin == "facts that ship with tli-bench"
    assert skeleton(described.config).num_parameters() == known.parameters


def test_what_nobody_stated_is_unknown_and_not_left_blank():
    line = known_models()["lelapa/InkubaLM-0.4B"].line()
    assert "size unknown, need unknown; licence cc-by-nc-4.0; gating unknown" in line
    listed = "\n".join(ls.LISTS["models"]())
    assert "Qwen/Qwen2-72B" in listed
    assert "72.71 B, 145.4 GB of weights in bfloat16; licence tongyi-qianwen; open" in listed


@pytest.mark.parametrize(("kind", "loader"), KINDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_skeleton_counts_and_weighs_what_the_model_has(kind, loader, dtype):
    real = build(kind, loader)
    config = config_of(kind)
    config.architectures = [type(real).__name__]
    bare = skeleton(config, dtype=dtype)
    assert bare.num_parameters() == real.num_parameters()
    buffers = sum(b.numel() * b.element_size() for _, b in bare.named_buffers())
    assert footprint(bare, dtype=dtype, quantize=None).weights == real.num_parameters() * dtype.itemsize + buffers


@pytest.mark.parametrize("quantize", ["nf4", "nf4-double", "int8"])
def test_quantised_weights_weigh_what_bitsandbytes_makes_of_them(model_folder, quantize):
    from tli_bench.models import LoadOptions, load_model
    from tli_bench.models.catalog import resolve_model
    from tli_bench.models.load import load_config

    folder = str(model_folder("llama", width=64))
    loaded = load_model(folder, LoadOptions(quantize=quantize))
    held = 0
    for parameter in {id(p): p for p in loaded.model.parameters()}.values():
        held += parameter.numel() * parameter.element_size()
        state = getattr(parameter, "quant_state", None)
        if state is not None:
            held += state.absmax.numel() * state.absmax.element_size()
            held += state.state2.absmax.numel() * 4 if state.nested else 0
        scales = getattr(parameter, "SCB", None)
        held += scales.numel() * scales.element_size() if scales is not None else 0
    bare = skeleton(load_config(resolve_model(folder), LoadOptions()))
    planned = footprint(bare, dtype=torch.float32, quantize=quantize).weights
    planned -= sum(b.numel() * b.element_size() for _, b in bare.named_buffers())
    assert held == pytest.approx(planned, rel=1e-3)
    assert stored((64, 64), "int8") == 64 * 64 + 4 * 64


def test_a_pretended_run_holds_what_a_real_one_holds():
    """The same counting over real tensors and over tensors that hold nothing, forwards and backwards."""
    real = build("llama", "AutoModelForCausalLM")
    bare = skeleton(config_of("llama", architectures=["LlamaForCausalLM"]))
    ids = torch.ones(4, 16, dtype=torch.long)

    def step(model):
        loss = model(input_ids=ids).logits.square().mean()
        return torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)

    counted = peak_of(lambda: step(real))
    with pretended(bare) as model:
        # Tied weights come apart there, and the embedding's gradient is one more tensor than it is here.
        assert peak_of(lambda: step(model)) == pytest.approx(counted, rel=0.1)
    assert counted > sum(p.numel() * 4 for p in real.parameters())
