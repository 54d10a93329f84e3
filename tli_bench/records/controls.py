"""What is kept next to the scores of a unit, so that none of them is believed for the wrong reason."""

from pydantic import Field

from tli_bench.base.frozen import Frozen
from tli_bench.lexicon.pairs import Split
from tli_bench.models.identity import State


class Spelling(Frozen):
    """Retrieval by edit similarity alone over the `n` pairs of a split: what a model must beat."""

    n: int
    p1: float
    p1_forward: float
    p1_backward: float
    mrr: float


class StratumScore(Frozen):
    """Scores of a part of a split's pairs, each still ranked against the whole pool.

    kind: what the pairs are grouped by (`overlap`, `form`, `pos`, `source tokens`, `target tokens`).
    gap, p1: means over the part's `n` pairs.
    """

    split: Split
    state: State
    layer: str
    kind: str
    label: str
    n: int
    gap: float
    p1: float


class PermutationNull(Frozen):
    """Debiased CKA against shuffled pairings: one-sided p, (1 + hits) / (1 + permutations)."""

    split: Split
    state: State
    layer: str
    cka: float
    p: float
    permutations: int


class Contrast(Frozen):
    """Gap change of trained pairs minus that of control pairs; about zero when training carries over in full.

    ci, train_ci, control_ci: 95 % bootstrap intervals, drawn by concept.
    """

    layer: str
    n_train: int
    n_control: int
    train: float
    train_ci: tuple[float, float]
    control: float
    control_ci: tuple[float, float]
    difference: float
    ci: tuple[float, float]


class Power(Frozen):
    """Smallest mean that a two-sided paired t-test over the `n` pairs finds at 5 % with 80 % power.

    quantity: `gap change` with an adapter, else `gap` of the base; sd: its standard deviation over pairs.
    """

    split: Split
    layer: str
    quantity: str
    n: int
    sd: float
    detectable: float


class LayerTest(Frozen):
    """Paired t-test at one layer, uncorrected: of the gap's change, or of the base's gap against zero."""

    layer: str
    n: int
    difference: float
    t: float | None
    p: float | None


class Family(Frozen):
    """The tests of one unit over all its layers. A run corrects over all layers of all its units together.

    quantity: `gap change` or `gap`: what was tested against zero on `split`.
    """

    split: Split
    quantity: str
    tests: list[LayerTest]


class Controls(Frozen):
    """What is kept next to the scores, so that none of them is believed for the wrong reason.

    first_pooled: whether position 0, where an attention sink sits, is in the pooled vector. strata, nulls, contrasts
    and power are given at the shown layers only. See docs/measures.md.
    """

    first_pooled: bool | None = None
    spelling: dict[Split, Spelling] = Field(default_factory=dict)
    strata: list[StratumScore] = Field(default_factory=list)
    nulls: list[PermutationNull] = Field(default_factory=list)
    contrasts: list[Contrast] = Field(default_factory=list)
    power: list[Power] = Field(default_factory=list)
    family: Family | None = None
