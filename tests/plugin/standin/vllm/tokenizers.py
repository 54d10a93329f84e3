"""Of the stand-in: the tokenizer of a model."""

from typing import Any


def get_tokenizer(
    name: str, *, tokenizer_mode: str, trust_remote_code: bool, revision: str | None, **arguments: Any
) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(name, trust_remote_code=trust_remote_code, revision=revision, **arguments)
