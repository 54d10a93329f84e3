"""What is kept next to the scores of a unit, so that none of them is believed for the wrong reason."""

import numpy as np
from pydantic import Field

from tli_bench.base.frozen import Frozen, Seed
from tli_bench.lexicon.pairs import Split
from tli_bench.models.identity import State
from tli_bench.records.columns import Curve


class Spelling(Frozen):
    """Retrieval by spelling alone over the `n` pairs of a split: what a model must beat.

    by: what spellings were compared by, the better of edit similarity and letter groups (before letter groups were: the first).
    value: the headline, None where the pool is too small for it; pseudo: its pseudo-values, in the order of the words.
    """

    by: str = "edit similarity"
    n: int
    value: float | None = None
    pseudo: list[float] | None = None
    p1: float
    p1_forward: float
    p1_backward: float
    mrr: float


class StratumScore(Frozen):
    """Scores of a part of a split's pairs, each still ranked against the whole pool.

    kind: what the pairs are grouped by (`overlap`, `form`, `pos`, `source tokens`, `target tokens`).
    quantity: the headline of the whole split; value: its mean over the part's `n` pairs; ci: 95 % interval, None under 20 pairs;
    p1: P@1 by raw cosine.
    """

    split: Split
    state: State
    layer: str
    kind: str
    label: str
    n: int
    quantity: str
    value: float
    ci: tuple[float, float] | None
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
    """Change on trained words minus that on control words; about zero when training carries over in full.

    quantity: what changed. ci, train_ci, control_ci: 95 % intervals from pseudo-values; None under 20 words.
    """

    layer: str
    quantity: str
    n_train: int
    n_control: int
    train: float
    train_ci: tuple[float, float] | None
    control: float
    control_ci: tuple[float, float] | None
    difference: float
    ci: tuple[float, float] | None


class Power(Frozen):
    """Smallest mean that a two-sided t-test over the `n` concepts finds at 5 % with 80 % power.

    quantity: the headline's change with an adapter, else the headline of the base; sd: standard deviation of its pseudo-values.
    """

    split: Split
    layer: str
    quantity: str
    n: int
    sd: float
    detectable: float


class LayerTest(Frozen):
    """Student's t-test at one layer, uncorrected: of the headline's change against zero, or of the base's headline against chance."""

    layer: str
    n: int
    difference: float
    t: float | None
    p: float | None


class Family(Frozen):
    """The tests of one unit over all its layers. A run corrects over all layers of all its units together.

    quantity: what was tested on `split`, as in `P@1 of 50 change`.
    """

    split: Split
    quantity: str
    tests: list[LayerTest]


class PlaceboLayer(Frozen):
    """One layer under placebos. change: of the headline by the adapter itself; changes: by each placebo that was scored."""

    layer: str
    change: float
    changes: list[float] = Field(min_length=1)

    @property
    def floor(self) -> float:
        """95th percentile of the size of the placebos' changes: what moving the vectors that far gives by itself."""
        return float(np.quantile(np.abs(self.changes), 0.95))

    @property
    def mean(self) -> float:
        """Mean of the placebos' changes, signs kept."""
        return float(np.mean(self.changes))

    @property
    def quantile(self) -> float:
        """Where the adapter's own change stands among the placebos': the share of them below it, ties counted half."""
        changes = np.array(self.changes)
        return float((changes < self.change).mean() + (changes == self.change).mean() / 2)


class Placebo(Frozen):
    """Adapters of random weights, tensor by tensor as far from an untrained one as the adapter is, scored like it.

    count: how many were run; seed: of their weights. quantity: the headline; split: whose words. layers: those shown.
    """

    count: int = Field(ge=1)
    seed: Seed
    split: Split
    quantity: str
    layers: list[PlaceboLayer]

    @property
    def floors(self) -> dict[str, float]:
        """By layer, the size of change that 95 % of the placebos stay within."""
        return {item.layer: item.floor for item in self.layers}

    def floor(self, layer: str, *, least: float = 0.0) -> float:
        """The least change at a layer that is worth a claim: `least`, or the placebos' 95th percentile where it is larger."""
        return max(least, self.floors.get(layer, 0.0))


class TokenCounts(Frozen):
    """What a tokenizer made of the `n` words of one language and split.

    unknown: words with a token that is the unknown token. same: words whose tokens are all those of another word of the pool.
    lost: words that are either, which no model can tell from others. joined: words one of whose tokens also holds what
    stands before the word. tokens: of all words together, own tokens only; 0 in records made before they were counted.
    """

    n: int
    unknown: int
    same: int
    lost: int
    joined: int = 0
    tokens: int = 0

    @property
    def share(self) -> float:
        """Share of the words that are lost."""
        return self.lost / self.n if self.n else 0.0

    @property
    def per_word(self) -> float | None:
        """Mean number of tokens of a word; None where they were not counted."""
        return self.tokens / self.n if self.n and self.tokens else None


class Controls(Frozen):
    """What is kept next to the scores, so that none of them is believed for the wrong reason.

    first_pooled: whether position 0, where an attention sink sits, is in the pooled vector. own_sink: share of the words one of
    whose own positions has more than five times the ordinary norm in the middle layers, in the state where it is larger; None
    where that was not measured. unknown: what the tokenizer lost, by split and language. confirmation: the headline of the
    control words inside a sentence (`carrier:next`), over all layers, by state. warnings: sentences about these. strata, nulls,
    contrasts and power are given at the shown layers only. placebo: None where none were run. See docs/measures.md.
    """

    first_pooled: bool | None = None
    own_sink: float | None = None
    unknown: dict[Split, dict[str, TokenCounts]] = Field(default_factory=dict)
    confirmation: dict[str, Curve] = Field(default_factory=dict)
    warnings: list[str] = Field(default_factory=list)
    spelling: dict[Split, Spelling] = Field(default_factory=dict)
    strata: list[StratumScore] = Field(default_factory=list)
    nulls: list[PermutationNull] = Field(default_factory=list)
    contrasts: list[Contrast] = Field(default_factory=list)
    power: list[Power] = Field(default_factory=list)
    family: Family | None = None
    placebo: Placebo | None = None
