"""Which layer is shown: the one rule for scoring, validation and training."""

from collections.abc import Sequence

BEST_LAYER_RULE = "highest dev MRR (mean of both directions), the earlier layer on a tie"
CHOSEN_BY = "mrr"
"""The measure on the dev split that chooses the layer."""


def best_depth(curve: Sequence[float | None]) -> int | None:
    """Position of the highest value of a curve, the earlier one on a tie; None where nothing is scored."""
    scored = [(value, -depth) for depth, value in enumerate(curve) if value is not None and value == value]
    return -max(scored)[1] if scored else None
