"""Which layer is shown: the one rule for scoring, validation and training."""

from collections.abc import Callable, Sequence

from tli_bench.measures.roles import CHANCE, COMPANION

BEST_LAYER_RULE = (
    "highest dev P@1 of 50 (P@1 of 20, or AUC, where the dev words are too few), the earlier layer on a tie"
)
CHOOSERS = (*CHANCE, COMPANION)
"""The measures on the dev split that choose the layer: the first that can be scored."""

Curve = Sequence[float | None]


def best_depth(curve: Curve) -> int | None:
    """Position of the highest value of a curve, the earlier one on a tie; None where nothing is scored."""
    scored = [(value, -depth) for depth, value in enumerate(curve) if value is not None and value == value]
    return -max(scored)[1] if scored else None


def chosen_depth(curve: Callable[[str], Curve | None]) -> int | None:
    """Position that the dev curves choose. curve: from a measure's name to its dev curve. None where none is scored."""
    depths = (best_depth(curve(name) or []) for name in CHOOSERS)
    return next((depth for depth in depths if depth is not None), None)
