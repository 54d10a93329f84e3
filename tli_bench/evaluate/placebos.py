"""What adapters of random weights do to the headline, scored exactly as the trained adapter is."""

from collections.abc import Iterable, Sequence

import torch

from tli_bench.evaluate.analysis import Analyser, Analysis
from tli_bench.evaluate.views import Vectors
from tli_bench.lexicon.pairs import WordPair
from tli_bench.records.controls import Placebo, PlaceboLayer


def placebo_of(
    analysis: Analysis,
    pairs: Sequence[WordPair],
    gold: torch.Tensor,
    placebos: Iterable[Vectors],
    *,
    layers: Sequence[str],
    seed: int,
) -> Placebo:
    """The change of the headline that each placebo makes to the base, layer by layer, and the adapter's own next to it.

    analysis: of the adapter, on the same pairs. placebos: states of `layers` under each placebo, `[layers, pairs, dim]`;
    seed: of their weights. A layer that cannot be scored is left out.
    """
    split, count = analysis.split, 0
    quantity = analysis.headline_of(split)
    changes: dict[str, list[float]] = {layer: [] for layer in layers}
    for vectors in placebos:
        count += 1
        analyser = Analyser(pairs, tuple(layers), {"base": vectors}, gold)
        for layer in layers:
            before, after = analysis.value(quantity, split, "base", layer), analyser.headline_at(layer)
            if before is not None and after is not None:
                changes[layer].append(after - before)
    found = []
    for layer, theirs in changes.items():
        before, after = (analysis.value(quantity, split, state, layer) for state in ("base", "adapted"))
        if theirs and before is not None and after is not None:
            found.append(PlaceboLayer(layer=layer, change=after - before, changes=theirs))
    return Placebo(count=count, seed=seed, split=split, quantity=quantity, layers=found)
