"""The change of one quantity as a record keeps it."""

from tli_bench.base.frozen import Frozen
from tli_bench.lexicon.pairs import Split
from tli_bench.stats.arrays import Floats
from tli_bench.stats.pseudo import difference


class Comparison(Frozen):
    """A paired comparison of one quantity, base against adapted, over the same concepts, from its pseudo-values.

    ci: 95 % interval of the difference by Student's t; t, p: paired t-test; d_z: t over the root of n. None under 20
    concepts, and where there is no spread.
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


def comparison(split: Split, layer: str, quantity: str, before: Floats, after: Floats) -> Comparison:
    """Compare pseudo-values `[n]` before and after; raises UnscorableError for fewer than two concepts."""
    found = difference(before, after)
    return Comparison(
        split=split,
        layer=layer,
        quantity=quantity,
        n=found.n,
        before=float(before.mean()),
        after=float(after.mean()),
        difference=found.value,
        ci=found.ci,
        t=found.t,
        p=found.p,
        d_z=found.d_z,
    )
