"""The one layer at which all pairs are read: a layer of its own for each pair would relate whatever follows to that choice."""

from collections.abc import Mapping, Sequence

from tli_bench.measures.choice import chosen_depth
from tli_bench.records.columns import Curve

DEV = "dev"
"""The layer that the dev words choose for the mean of the pairs of the base."""


def dev_layer(layers: Sequence[str], curves: Sequence[Mapping[str, Curve]]) -> str:
    """Name of the layer that the dev words choose for the mean of several pairs; the last where they cannot choose.

    curves: of the dev words of each pair, by measure, one value for each of `layers`.
    """

    def mean(measure: str) -> Curve | None:
        found = [own.get(measure) for own in curves]
        if not found or any(curve is None or len(curve) != len(layers) for curve in found):
            return None
        columns = zip(*(curve for curve in found if curve is not None), strict=True)
        return [None if None in values else sum(v for v in values if v is not None) / len(values) for values in columns]

    depth = chosen_depth(mean)
    return layers[-1 if depth is None else depth]
