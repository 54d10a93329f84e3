"""What position 0 does to the word pairs of each layer, in the form that the attention-sink measures read."""

from collections.abc import Sequence

import torch

from tli_bench.measures.view import Positions
from tli_bench.vectors.responses import PairSink


class Sinks:
    """The same of many pairs, put together once for all layers."""

    def __init__(self, sinks: Sequence[PairSink]) -> None:
        words = [norms for sink in sinks for norms in sink.norms]
        self._first = torch.stack([norms[:, 0] for norms in words], dim=1)
        self._others = torch.cat([norms[:, 1:] for norms in words], dim=1)
        cosines = torch.stack([sink.cosines for sink in sinks], dim=1)
        self._cosines = cosines.masked_fill(~cosines.isfinite(), torch.nan)

    def at(self, layer: int) -> Positions:
        """Norms and cosines of one layer; `layer` is an index. Raises IndexError for a layer that was not measured."""
        return Positions(
            first_norms=self._first[layer],
            other_norms=self._others[layer],
            with_first=self._cosines[layer, :, 0],
            without_first=self._cosines[layer, :, 1],
        )
