"""PEFT without bitsandbytes: importing it takes two seconds, which a model that is not quantised need not wait for."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tli_bench.models.types import Model

_NAME = "bitsandbytes"


@contextmanager
def without_bitsandbytes(model: Model) -> Iterator[None]:
    """Inside the `with` block PEFT finds no bitsandbytes, unless `model` is quantised or it was imported before.

    Afterwards it is found again, so that a quantised model can follow in the same process.
    """
    if _NAME in sys.modules or getattr(model.config, "quantization_config", None) is not None:
        yield
        return
    from transformers.utils import is_bitsandbytes_available

    is_bitsandbytes_available()  # transformers remembers its own answer: the true one
    modules: dict[str, Any] = sys.modules
    modules[_NAME] = None
    try:
        yield
    finally:
        del modules[_NAME]
        remembered = modules.get("peft.import_utils")
        for question in ("is_bnb_available", "is_bnb_4bit_available"):
            if remembered is not None:
                getattr(remembered, question).cache_clear()
