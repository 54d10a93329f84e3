"""A Llama from a GGUF file: transformers dequantises it, but will not save the result, so the weights go into a plain model."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tli_bench.base.errors import ModelError


def convert(source: Path, out: Path, *, first: str | None = None) -> None:
    """Write model, configuration and tokenizer of the GGUF file `source` into `out`; weights are float32.

    first: a token that the tokenizer then puts before every text. Raises ModelError when the package `gguf` is missing, or
    when the tokenizer has no token `first`.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

    if find_spec("gguf") is None:
        raise ModelError(
            "transformers reads GGUF files by the package gguf, which is not importable; `make real-models` fetches it"
        )
    tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    loaded = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype=torch.float32)
    config = loaded.config
    for name in ("quantization_config", "_model_name_or_path"):
        vars(config).pop(name, None)
    plain = LlamaForCausalLM(config)
    plain.load_state_dict(loaded.state_dict())
    plain.generation_config = loaded.generation_config
    plain.save_pretrained(out)
    if first is not None:
        _put_first(tokenizer, first)
    tokenizer.save_pretrained(out)


def _put_first(tokenizer: Any, token: str) -> None:
    from tokenizers.processors import TemplateProcessing

    known = tokenizer.get_vocab()
    if token not in known:
        raise ModelError(
            f"the tokenizer has no token {token!r}; its special tokens are {', '.join(tokenizer.all_special_tokens)}"
        )
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"{token} $A", pair=f"{token} $A $B", special_tokens=[(token, known[token])]
    )
