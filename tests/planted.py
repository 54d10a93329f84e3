"""A tiny Llama with a planted attention sink: block 1 gives the first position one huge vector that no word changes."""

from pathlib import Path

import torch

from tests.conftest import make_model, make_tokenizer

HEIGHT = 3000.0


def save_planted_sink(folder: Path, *, width: int = 64) -> Path:
    """Write model and tokenizer. Dimension 0 of the embeddings marks BOS; block 1's MLP turns the mark into the sink."""
    model = make_model("llama", width=width)
    block = model.model.layers[0]
    with torch.no_grad():
        embeddings = model.model.embed_tokens.weight
        embeddings.mul_(50.0)  # words differ from each other by more than initialisation noise
        embeddings[:, 0] = 0.0
        embeddings[0] = 0.0
        embeddings[0, 0] = 50.0
        block.self_attn.o_proj.weight[0] = 0.0  # attention must not carry the mark to other positions
        block.mlp.gate_proj.weight[0] = block.mlp.up_proj.weight[0] = 0.0
        block.mlp.gate_proj.weight[0, 0] = block.mlp.up_proj.weight[0, 0] = 1.0
        # RMSNorm gives BOS sqrt(width) in dimension 0; silu is about the identity there.
        sink = torch.nn.functional.normalize(torch.randn(width, generator=torch.Generator().manual_seed(3)), dim=0)
        sink[0] = 0.0
        block.mlp.down_proj.weight[:, 0] = sink * HEIGHT / width
    model.save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return folder
