"""Truncation on other architectures: the states and gradients of the full forward, whatever the blocks are called."""

import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM

from tli_bench.training.adapt import linear_modules
from tli_bench.training.objective import target_states
from tli_bench.training.targets import resolve_targets
from tli_bench.vectors.extract import all_layers

SMALL = {
    "vocab_size": 100,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "pad_token_id": 0,
}
CASES = {
    "llama": ({}, "q_proj"),
    "qwen3": ({}, "q_proj"),
    "gemma2": ({"sliding_window": 8}, "q_proj"),
    "gpt2": ({"n_embd": 32, "n_layer": 3, "n_head": 4}, "c_attn"),
    "gpt_neox": ({}, "query_key_value"),
    "bloom": ({"n_head": 4, "n_layer": 3}, "query_key_value"),
    "bert": ({}, "query"),
}


def _model(name):
    options, _ = CASES[name]
    accepted = {key: value for key, value in SMALL.items() if name not in ("gpt2", "bloom") or key.endswith("_size")}
    if name in ("gpt_neox", "bert"):
        accepted = {key: value for key, value in accepted.items() if key not in ("num_key_value_heads", "head_dim")}
    torch.manual_seed(0)
    config = AutoConfig.for_model(name, **accepted, **options)
    factory = AutoModel if name == "bert" else AutoModelForCausalLM
    return factory.from_config(config).eval()


@pytest.mark.parametrize("name", sorted(CASES))
def test_truncated_states_and_gradients_are_those_of_the_whole_model(name):
    model = _model(name)
    ids = torch.randint(1, 100, (4, 6), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    mask[0, 4:] = 0
    with torch.no_grad():
        reference = all_layers(model, ids, mask)
    for layer, expected in (("1", reference[1]), ("2", reference[2]), ("output", reference[-1])):
        (state,) = target_states(model, ids, mask, resolve_targets(model, (layer,)))
        real = mask.bool()
        torch.testing.assert_close(state.detach()[real], expected[real], rtol=1e-6, atol=1e-6)
        gradients = []
        for truncate in (True, False):
            model.zero_grad()
            (state,) = target_states(model, ids, mask, resolve_targets(model, (layer,)), truncate=truncate)
            state[real].square().sum().backward()
            gradients.append({n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None})
        assert gradients[0].keys() == {n for n, g in gradients[1].items() if n in gradients[0] or g.any()}
        for key, gradient in gradients[0].items():
            assert (gradient - gradients[1][key]).norm() <= 1e-6 * gradients[1][key].norm(), key


@pytest.mark.parametrize("name", sorted(CASES))
def test_linear_modules_are_found(name):
    assert CASES[name][1] in linear_modules(_model(name))
