"""Of the stand-in: the chat template that a tokenizer comes with."""

from typing import Any


def resolve_chat_template(*, tokenizer: Any, chat_template: str | None, tools: Any, model_config: Any) -> str | None:
    return chat_template or tokenizer.chat_template
