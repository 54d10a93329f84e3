"""What position 0 does to the word pairs of one layer, in the form that the attention-sink measures read."""

from collections.abc import Sequence

import torch

from tli_bench.measures.view import Positions
from tli_bench.vectors.responses import PairSink


def positions_at(sinks: Sequence[PairSink], layer: int) -> Positions:
    """Norms and cosines of one layer; `layer` is an index. Raises IndexError for a layer that was not measured."""
    words = [norms[layer] for sink in sinks for norms in sink.norms]
    cosines = torch.stack([sink.cosines[layer] for sink in sinks])
    cosines = cosines.masked_fill(~cosines.isfinite(), torch.nan)
    return Positions(
        first_norms=torch.stack([norms[0] for norms in words]),
        other_norms=torch.cat([norms[1:] for norms in words]),
        with_first=cosines[:, 0],
        without_first=cosines[:, 1],
    )
