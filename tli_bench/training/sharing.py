"""Whether a training may run a prefix that words share once: the loss and its gradients have to be those of words that run apart."""

import torch
from torch import nn

from tli_bench.models.body import body_of, text_config
from tli_bench.models.families import window
from tli_bench.models.probe import probe, probe_sharing
from tli_bench.models.types import Model
from tli_bench.training.data import PairData


def may_share(model: Model, *data: PairData) -> bool:
    """Whether the words of a batch may share their prefixes in this model, whose trainable part is in place.

    Not with dropout anywhere: two words would then share its noise, too.
    """
    longest = max(len(item.ids) for part in data for item in (*part.sources, *part.targets))
    limit = window(text_config(model))
    if drops(model) or (limit is not None and longest > limit):
        return False
    with torch.no_grad():
        return not probe_sharing(model, probe(model))


def drops(model: Model) -> bool:
    """Whether a training of the model has dropout in its blocks, its adapter, or anywhere that its configuration names."""
    noisy = any(isinstance(part, nn.Dropout) and part.p > 0 for part in body_of(model).modules())
    return noisy or any(
        "drop" in name and isinstance(rate, float) and rate > 0 for name, rate in vars(text_config(model)).items()
    )
