"""Results to Weights & Biases or Trackio, by lm-eval's own loggers."""

import shlex
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from tli_bench.base.errors import InputError

TRACKERS = ("wandb", "trackio")


def tracker_arguments(name: str, text: str) -> dict[str, Any]:
    """`project=x,name=y` as arguments of the tracker's `init`; raises InputError for another form, and where it is not installed."""
    found: dict[str, Any] = {}
    for part in text.split(","):
        key, equals, value = part.partition("=")
        if not equals or not key.strip().isidentifier():
            raise InputError(f"--{name}-args is written as project=NAME,name=RUN; got {part!r}")
        found[key.strip()] = value.strip()
    if find_spec(name) is None:
        raise InputError(f"--{name}-args needs the package {name}: pip install {shlex.quote(name)}")
    return found


def track(
    name: str, arguments: Mapping[str, Any], results: Mapping[str, Any], samples: Mapping[str, list[Any]]
) -> None:
    """Send lm-eval's results, and the samples that were kept, to a tracker."""
    from lm_eval.loggers import TrackioLogger, WandbLogger

    kept = dict(results)
    if name == "wandb":
        logger: Any = WandbLogger(dict(arguments))
    else:
        logger = TrackioLogger(dict(arguments))
    logger.post_init(kept)
    logger.log_eval_result()
    if samples:
        logger.log_eval_samples({task: rows for task, rows in samples.items() if task in kept.get("configs", {})})
    if name == "wandb":
        logger.run.finish()
    else:
        logger.finish()
