"""A paired test as a record keeps it, and what a verdict reads of several."""

from collections.abc import Sequence

from tli_bench.lexicon.pairs import Split
from tli_bench.measures.verdict import Change
from tli_bench.records.schema import Comparison
from tli_bench.stats.comparison import PairedResult


def comparison(split: Split, layer: str, quantity: str, result: PairedResult) -> Comparison:
    """The record's form of `result`, base against adapted values of one quantity of the same words."""
    return Comparison(
        split=split,
        layer=layer,
        quantity=quantity,
        n=result.n,
        before=result.mean_before,
        after=result.mean_after,
        difference=result.difference,
        ci=(float(result.ci[0]), float(result.ci[1])),
        t=result.t,
        p=result.p,
        d_z=result.d_z,
    )


def change(comparisons: Sequence[Comparison], split: Split, layer: str) -> Change | None:
    """What changed on one split at one layer; None where cosine, mismatched and gap were not all compared."""
    here = {c.quantity: c for c in comparisons if (c.split, c.layer) == (split, layer)}
    if not {"cosine", "mismatched", "gap"} <= here.keys() or here["gap"].ci is None:
        return None
    return Change(
        matched=here["cosine"].difference,
        mismatched=here["mismatched"].difference,
        gap=here["gap"].difference,
        gap_ci=here["gap"].ci,
    )
