"""Ask the model that answered a task for its placebos, and put what they do next to the scores."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import torch

from tli_bench.base.errors import AdapterError
from tli_bench.evaluate.analysis import Analysis
from tli_bench.evaluate.placebos import placebo_of
from tli_bench.evaluate.views import Vectors
from tli_bench.lexicon.pairs import WordPair
from tli_bench.vectors.answer import inputs_of
from tli_bench.vectors.protocols import Protocol
from tli_bench.vectors.responses import PairStates

log = logging.getLogger(__name__)


def with_placebos(
    analysis: Analysis,
    pairs: Sequence[WordPair],
    gold: torch.Tensor,
    responses: Sequence[PairStates],
    protocol: Protocol,
    pair: str,
    *,
    seed: int,
) -> Analysis:
    """The analysis with what its model's placebos do to the same words; as it is where there are none, with the reason.

    responses: of `pairs`, in order. pair: its id, which gives the languages. seed: of the placebos' weights.
    """
    if "adapted" not in analysis.best_layer:
        return analysis
    asked = responses[0].placebos
    if asked is None:
        return _without(
            analysis, "the model that answered cannot be asked again (lm-eval's own, or answers from a cache)"
        )
    words = [[p.source for p in pairs], [p.target for p in pairs]]
    if said := asked.decide(sum(len(set(side)) for side in words)):
        log.warning("%s", said)
    if not asked.count:
        return analysis
    layers = analysis.kept_layers()
    causal = asked.causal
    framings = [inputs_of([protocol], code, causal=causal)[protocol.name].framing for code in pair.split("-")]
    states = asked.states(
        list(zip(words, framings, strict=True)),
        protocol.pooling,
        depths=[analysis.layers.index(layer) for layer in layers],
        seed=seed,
    )
    try:
        found = placebo_of(analysis, pairs, gold, (Vectors(*both) for both in states), layers=layers, seed=seed)
    except AdapterError as err:
        return _without(analysis, str(err))
    analysis = replace(analysis, controls=analysis.controls.model_copy(update={"placebo": found}))
    return analysis if found.layers else _without(analysis, f"{found.quantity} cannot be scored at any layer shown")


def _without(analysis: Analysis, why: str) -> Analysis:
    return replace(analysis, unscored=[*analysis.unscored, f"placebos: {why}"])
