"""Library code prints nothing: the bars and notices of the libraries we call are held back while we call them."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

CHATTY = ("lm_eval", "lm-eval", "transformers", "peft", "accelerate", "datasets", "bitsandbytes", "httpx")


@contextmanager
def quiet() -> Iterator[None]:
    """Only errors of other libraries are logged, and no bars are drawn, until the block ends."""
    import os

    loggers = [logging.getLogger(name) for name in CHATTY]
    levels = [logger.level for logger in loggers]
    bars = os.environ.get("TQDM_DISABLE")
    os.environ["TQDM_DISABLE"] = "1"
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"(lm_eval|transformers|peft|accelerate|bitsandbytes|torch)\b.*")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if bars is None:
            os.environ.pop("TQDM_DISABLE", None)
        else:
            os.environ["TQDM_DISABLE"] = bars
