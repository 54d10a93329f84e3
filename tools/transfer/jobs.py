"""One point in a process of its own, which loads the model once."""

import argparse
from typing import Any

from tools.transfer.points import Wanted


def made(job: tuple[Wanted, argparse.Namespace]) -> str:
    """One point, in a process of its own that loads the model once."""
    import torch

    from tli_bench.cli.quiet import quiet_libraries
    from tli_bench.models import LoadOptions, load_model
    from tli_bench.training import load_recipe
    from tools.transfer.points import Texts, make_point

    one, options = job
    if "loaded" not in _HELD:
        quiet_libraries()
        torch.set_num_threads(1)
        _HELD["loaded"] = load_model(options.model, LoadOptions(dtype="float32", device=options.device))
    changes = dict(change.split("=", 1) for change in options.set)
    recipe = load_recipe(options.recipe).with_options(**changes)
    texts = Texts(options.parallel, options.parallel_only, options.retain_text)
    point = make_point(one, _HELD["loaded"], recipe, options.scored, options.out, texts=texts, keep=options.keep)
    return f"{one.name}: {point.collapsed or f'{point.steps} steps'}, {point.seconds:.0f} s"


_HELD: dict[str, Any] = {}
