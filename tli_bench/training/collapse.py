"""Has training collapsed: do all words point the same way, so that nothing is left to tell them apart by?"""

from tli_bench.measures.registry import get_measure
from tli_bench.measures.roles import CHANCE
from tli_bench.training.figures import Figures

MATCHED, MISMATCHED = "cosine", "mismatched"
"""Raw cosines: they choose nothing, and together with retrieval at chance they show what has happened."""
ONE_WAY = 0.98
"""Mean cosine of wrong pairs from which all words point one way."""
APART = 0.005
"""Matched minus mismatched cosine below which translations are no nearer than other words."""
NEAR_CHANCE = 0.02
"""How far above chance retrieval may be and still be none."""
IN_A_ROW = 2
"""Evaluations that must show it: from a base whose words point one way, the first steps may still lead out."""


def collapse(figures: Figures) -> str:
    """What shows that the dev words have collapsed into one direction, as a clause; empty where they have not.

    Wrong pairs must be nearly parallel, translations no nearer than they are, and retrieval at chance: a narrow cone in which
    words are still found is none.
    """
    matched, mismatched = figures.get(MATCHED), figures.get(MISMATCHED)
    headline = next((name for name in CHANCE if name in figures), None)
    if matched is None or mismatched is None or headline is None:
        return ""
    found, chance = figures[headline], CHANCE[headline]
    if mismatched < ONE_WAY or matched - mismatched >= APART or found > chance + NEAR_CHANCE:
        return ""
    return (
        f"all dev words point one way (cosine of translations {matched:.4f}, of other pairs {mismatched:.4f}) and "
        f"{get_measure(headline).label} is {found:.2f}, which is chance"
    )
