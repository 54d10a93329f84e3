"""Schema 2, whose conclusions rested on the raw gap: its scores are kept, what was concluded from them is not."""

from typing import Any

_RESTED_ON_THE_GAP = ("strata", "contrasts", "power", "family")


def without_conclusions(data: dict[str, Any]) -> dict[str, Any]:
    """Data of schema 2 converted to schema 3: no comparison, verdict or control that was computed from the raw gap.

    A constant vector, subtracted from every word, changes the gap; so schema 3 concludes from pseudo-values of the headline,
    which schema 2 did not keep.
    """
    controls = data.get("controls")
    if isinstance(controls, dict):
        controls = {name: value for name, value in controls.items() if name not in _RESTED_ON_THE_GAP}
    return data | {"comparisons": [], "verdicts": {}, "controls": controls}
