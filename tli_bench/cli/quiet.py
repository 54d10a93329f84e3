"""Keep third-party chatter out of the table: it speaks of downloads and defaults, not of scores."""

import logging
import os
import warnings


def quiet_libraries() -> None:
    """Silence informational logs and progress bars of the libraries we call; errors stay."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    os.environ.setdefault("TQDM_DISABLE", "1")
    for name in ("lm_eval", "lm-eval", "transformers", "peft", "accelerate", "datasets", "bitsandbytes", "httpx"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"(lm_eval|transformers|peft|accelerate|bitsandbytes|torch)\b.*")
