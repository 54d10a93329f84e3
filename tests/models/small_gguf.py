"""A small GGUF file, written with the package that defines the format."""

from pathlib import Path

import numpy as np

BLOCKS, WIDTH = 3, 64
LETTERS = [chr(code) for code in (*range(33, 127), *range(161, 173), *range(174, 256), *range(256, 324))]
MERGES = ["a n", "i n"]


def write_gguf(path: Path, *, blocks: int = BLOCKS, width: int = WIDTH, quantised: bool = False) -> None:
    """A Llama of random weights, hardly more than a token a byte, stored in 16 bits, or with its matrices in blocks of 8 bits."""
    import gguf

    heads, inner = 4, 2 * width
    rng, tokens = np.random.default_rng(0), [*LETTERS, *(merge.replace(" ", "") for merge in MERGES), "<|endoftext|>"]
    kind = gguf.LlamaFileType.MOSTLY_Q8_0 if quantised else gguf.LlamaFileType.MOSTLY_F16
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(128)
    writer.add_embedding_length(width)
    writer.add_block_count(blocks)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(heads)
    writer.add_head_count_kv(heads)
    writer.add_rope_dimension_count(width // heads)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(int(kind))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * (len(tokens) - 1) + [3])
    writer.add_token_merges(MERGES)
    writer.add_bos_token_id(len(tokens) - 1)
    writer.add_eos_token_id(len(tokens) - 1)

    def add(name: str, matrix: np.ndarray) -> None:
        if quantised:
            q8 = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(matrix.astype(np.float32), q8), raw_dtype=q8)
        else:
            writer.add_tensor(name, matrix.astype(np.float16))

    shapes = {
        "attn_q": (width, width), "attn_k": (width, width), "attn_v": (width, width), "attn_output": (width, width),
        "ffn_gate": (inner, width), "ffn_up": (inner, width), "ffn_down": (width, inner),
    }  # fmt: skip
    add("token_embd.weight", rng.normal(0, 1, (len(tokens), width)))
    writer.add_tensor("output_norm.weight", np.ones(width, dtype=np.float32))
    for block in range(blocks):
        for norm in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{block}.{norm}.weight", np.ones(width, dtype=np.float32))
        for name, shape in shapes.items():
            add(f"blk.{block}.{name}.weight", rng.normal(0, 0.2, shape))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
