"""Models of random weights, made from explicit configurations."""

import torch
from transformers import LlamaConfig, LlamaForCausalLM


def random_llama(depth: int, width: int, vocabulary: int) -> LlamaForCausalLM:
    """A Llama in evaluation mode."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=vocabulary, hidden_size=width, intermediate_size=width * 11 // 4, num_hidden_layers=depth,
        num_attention_heads=8, num_key_value_heads=4,
    )  # fmt: skip
    return LlamaForCausalLM(config).eval()
