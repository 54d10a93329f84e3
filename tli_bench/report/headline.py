"""Which measure concludes about a record: P@1 of 50, or that for short lists."""

from tli_bench.lexicon.pairs import Split
from tli_bench.measures.measure import Measure
from tli_bench.measures.registry import get_measure
from tli_bench.measures.roles import HEADLINE
from tli_bench.models.identity import BEFORE_AFTER
from tli_bench.records.run_record import RunRecord


def headline_of(record: RunRecord, split: Split) -> Measure:
    """The headline where the record has it; for a list that is too short for it, the one for short lists."""
    curves = [record.curve(HEADLINE, split, state) or [] for state in BEFORE_AFTER]
    scored = any(value is not None for curve in curves for value in curve)
    return get_measure(HEADLINE if scored else record.headline_of(split))
