"""Library code prints nothing: the bars and notices of the libraries we call are held back while we call them."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_CHATTY = ("lm_eval", "lm-eval", "transformers", "peft", "accelerate", "datasets", "bitsandbytes", "httpx")


@contextmanager
def quiet() -> Iterator[None]:
    """Only errors of other libraries are logged, and no bars are drawn, until the block ends."""
    loggers = {name: logging.getLogger(name).level for name in _CHATTY}
    for name in loggers:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), _no_bars():
            warnings.filterwarnings("ignore", module=r"(lm_eval|transformers|peft|accelerate|bitsandbytes|torch)\b.*")
            yield
    finally:
        for name, level in loggers.items():
            logging.getLogger(name).setLevel(level)


@contextmanager
def _no_bars() -> Iterator[None]:
    """Draw no bar until the block ends: tqdm reads its environment only when it is imported, and callers ask for bars."""
    from tqdm.std import tqdm

    original = tqdm.__init__

    def silent(self: Any, *values: Any, **options: Any) -> None:
        original(self, *values, **{**options, "disable": True})

    tqdm.__init__ = silent
    try:
        yield
    finally:
        tqdm.__init__ = original
