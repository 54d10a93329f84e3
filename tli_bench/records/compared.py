"""What a comparison of several sides holds: the sides, the difference of each pair and of their mean, and what is concluded."""

from dataclasses import dataclass
from typing import Literal

from tli_bench.lexicon.pairs import Split
from tli_bench.models.identity import State
from tli_bench.records.outcomes import Outcome
from tli_bench.records.run_record import RunRecord

Correction = Literal["holm", "bh"]
NAMES: dict[Correction, str] = {"holm": "Holm", "bh": "Benjamini-Hochberg"}


@dataclass(frozen=True, slots=True)
class Side:
    """One contender: its records by (task, pair), and which of their states is compared."""

    name: str
    state: State
    records: dict[tuple[str, str], RunRecord]


@dataclass(frozen=True, slots=True)
class PairComparison:
    """`b` minus `a` over the same concepts, of one pair of one task, or of the mean over several pairs.

    pairs: how many; a mean over pairs counts a concept once, however many pairs it is in. task, pair: for a mean over
    pairs, the kind of task, and nothing. layer_a, layer_b: where each was read. n: concepts. ci: 95 % interval of the
    difference; t, p, d_z: paired t-test on pseudo-values, and t over the root of n; None under 20 concepts, or without
    spread. permutation_p: of random signs for the concepts' differences, `FLIPS` of them, seed 0; uncorrected. detectable: the
    smallest difference that a t-test of these words finds with 80 % power. p_adjusted: corrected over the whole family of
    tests. outcome: what may be said; None for a measure other than the headline, which does not conclude. reservations: what keeps
    either side's scores out of the ranks, such as `limit 40`.
    """

    a: str
    b: str
    task: str
    pair: str
    protocol: str
    pairs: int
    quantity: str
    split: Split
    layer_a: str
    layer_b: str
    n: int
    value_a: float
    value_b: float
    difference: float
    ci: tuple[float, float] | None
    t: float | None
    p: float | None
    d_z: float | None
    permutation_p: float | None
    detectable: float | None
    p_adjusted: float | None = None
    outcome: Outcome | None = None
    reservations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CompareResult:
    """All comparisons against the first side, pair by pair.

    overall: of each later side and kind of task that several pairs were compared of, the mean over these pairs; corrected
    among themselves. refused: why units were left out; tests: size of the family of `rows`, overall_tests: of `overall`.
    conclusions: one sentence for each later side and kind of task, from the headline. headline: the comparison by the headline
    where another quantity was asked for, from which the conclusions then are; None where that is what was asked for, or where it
    cannot be computed.
    """

    rows: tuple[PairComparison, ...]
    overall: tuple[PairComparison, ...]
    refused: tuple[str, ...]
    correction: Correction
    tests: int
    overall_tests: int = 0
    conclusions: tuple[str, ...] = ()
    headline: "CompareResult | None" = None
