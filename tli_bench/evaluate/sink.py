"""The attention sink beside the scores: how large position 0 is, and what it does to the cosine of matched pairs."""

from collections.abc import Sequence

import torch

from tli_bench.base.errors import UnscorableError
from tli_bench.measures.geometry import sink_ratio
from tli_bench.records.schema import Curve
from tli_bench.vectors.responses import PairSink

RATIO, WITH_FIRST, WITHOUT_FIRST = "sink_ratio", "cosine_with_first", "cosine_without_first"


def sink_curves(sinks: Sequence[PairSink]) -> tuple[dict[str, Curve], list[str]]:
    """Curves of `sink_ratio`, `cosine_with_first` and `cosine_without_first` over the layers, and what is missing.

    The cosines are means over matched pairs whose words both have a position beside the first.
    """
    if not sinks:
        return {}, []
    words = [norms for sink in sinks for norms in sink.norms]
    firsts = torch.stack([norms[:, 0] for norms in words], dim=1)
    others = torch.cat([norms[:, 1:] for norms in words], dim=1)
    depth, reasons = len(firsts), []
    ratios: Curve = [None] * depth
    for layer in range(depth):
        try:
            ratios[layer] = sink_ratio(firsts[layer], others[layer])
        except UnscorableError as err:
            reasons.append(f"{RATIO}: {err}")
    curves: dict[str, Curve] = {RATIO: ratios}
    cosines = torch.stack([sink.cosines for sink in sinks])
    for column, name in enumerate((WITH_FIRST, WITHOUT_FIRST)):
        values = cosines[:, :, column]
        usable = values.isfinite().all(dim=1)
        missing = len(sinks) - int(usable.sum())
        if missing:
            reasons.append(f"{name}: {missing} of {len(sinks)} pairs have no vector without position 0")
        curves[name] = values[usable].mean(dim=0).tolist() if usable.any() else [None] * depth
    return curves, list(dict.fromkeys(reasons))
