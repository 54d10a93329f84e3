"""A paired test as a record keeps it, and what a verdict reads from several of them."""

from collections.abc import Sequence

import numpy as np

from tli_bench.base.frozen import Frozen
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.verdict import GAP, MATCHED, MISMATCHED, P1, SINK, Change, VerdictInput
from tli_bench.records.scores import Scores
from tli_bench.stats import bootstrap_ci
from tli_bench.stats.comparison import PairedResult


class Comparison(Frozen):
    """A paired comparison of one quantity, base against adapted, over the same pairs.

    ci: 95 % percentile bootstrap interval of the mean difference. None marks what could not be computed.
    """

    split: Split
    layer: str
    quantity: str
    n: int
    before: float
    after: float
    difference: float
    ci: tuple[float, float] | None
    t: float | None
    p: float | None
    d_z: float | None


def comparison(split: Split, layer: str, quantity: str, result: PairedResult) -> Comparison:
    """`result` as a record keeps it: base against adapted values of one quantity for the same words."""
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
    matched, mismatched, gap = (here.get(name) for name in (MATCHED, MISMATCHED, GAP))
    if matched is None or mismatched is None or gap is None or gap.ci is None:
        return None
    return Change(matched=matched.difference, mismatched=mismatched.difference, gap=gap.difference, gap_ci=gap.ci)


def verdict_input(
    scores: Scores,
    comparisons: Sequence[Comparison],
    *,
    split: Split,
    state: str,
    layer: str,
    first_pooled: bool | None,
    seed: int,
) -> VerdictInput | None:
    """What a verdict about one layer of one split is based on; None where fewer than two words have a gap.

    first_pooled: whether position 0 is in the pooled vector, None where that is not known.
    """
    columns = {name: scores.column(name, split, state, layer) for name in (MATCHED, MISMATCHED, GAP)}
    raw, mismatched, gaps = (None if c is None else c[~np.isnan(c)] for c in columns.values())
    if raw is None or mismatched is None or gaps is None or len(gaps) < 2:
        return None
    interval = bootstrap_ci(gaps, seed=seed)
    return VerdictInput(
        n=len(raw),
        raw=float(np.mean(raw)),
        mismatched=float(np.mean(mismatched)),
        gap_ci=(float(interval[0]), float(interval[1])),
        p1=scores.value(P1, split, state, layer),
        sink_ratio=scores.value(SINK, split, state, layer),
        sink_pooled=first_pooled,
        control=change(comparisons, split, layer),
        train=change(comparisons, Split.TRAIN, layer),
    )
