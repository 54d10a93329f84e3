"""How a comparison of two sides comes out: one is ahead, they are tied, or the words are too few to tell."""

from enum import StrEnum

from tli_bench.stats.verdict import EQUAL

ALPHA = 0.05


class Outcome(StrEnum):
    """Of B against A, by the headline: what may be said of one pair, or of the mean over several."""

    A = "A is ahead"
    B = "B is ahead"
    TIE = "tie"
    FEW = "not enough words"


def outcome_of(difference: float, ci: tuple[float, float] | None, p_adjusted: float | None) -> Outcome:
    """Ahead where the corrected p is below 5 %, a tie where the whole interval is within plus-minus `EQUAL`, else not enough words.

    ci: 95 % interval of B minus A, None under 20 concepts; p_adjusted: None there, and where every concept differs by the same.
    """
    if ci is None:
        return Outcome.FEW
    told = p_adjusted < ALPHA if p_adjusted is not None else not ci[0] <= 0 <= ci[1]
    if told:
        return Outcome.B if difference > 0 else Outcome.A
    return Outcome.TIE if ci[0] >= -EQUAL and ci[1] <= EQUAL else Outcome.FEW


def p_text(p: float | None) -> str:
    """A p-value as text; what floats cannot tell from 0 is below 1e-300, not 0."""
    if p is None:
        return "–"
    if p == 0:
        return "<1e-300"
    return f"{p:.1e}" if p < 1e-3 else f"{p:.3f}"
