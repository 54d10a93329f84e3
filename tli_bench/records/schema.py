"""The record of one scored unit: its signature, curves, comparisons and controls."""

from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError, model_validator

from tli_bench.base.errors import ResultError
from tli_bench.base.frozen import Frozen
from tli_bench.config.facts import AGREE
from tli_bench.lexicon.pairs import Split
from tli_bench.models.identity import AdapterRef, State, TrainingRef

SCHEMA_VERSION: Literal[1] = 1


class Signature(Frozen):
    """Everything that must be known before two scores may be compared.

    protocol: name and version of the measuring protocol (`words.v1`).
    tokens: how a word became tokens (`bos` or `no-bos`, no leading space).
    lexicon, lexicon_hash: id with version, and SHA-256 of its content and splits.
    revision: Hub commit, or fingerprint of a local model's files.
    n: number of pairs a split; limit: the `--limit` that was in force, None for all pairs.
    adapter: what was attached to the model; training: how the model itself was fully tuned, None where it was not.
    """

    protocol: str
    pooling: str
    layers: tuple[str, ...]
    tokens: str
    lexicon: str
    lexicon_hash: str
    split_seed: int
    pair: str
    n: dict[str, int]
    limit: int | None = None
    allow_leakage: bool = False
    leaking: bool = False
    skip_gate: bool = False
    any_base: bool = False
    model: str
    revision: str
    adapter: AdapterRef | None = None
    training: TrainingRef | None = None
    dtype: str
    quantization: str | None = None
    seed: int
    measures: str
    versions: dict[str, str]

    def require_comparable(self, other: "Signature") -> None:
        """Raise ResultError naming the first field that must agree between two compared scores and does not."""
        for name in AGREE:
            ours, theirs = getattr(self, name), getattr(other, name)
            if ours != theirs:
                raise ResultError(
                    f"not comparable: {name} is {ours!r} in one score and {theirs!r} in the other; "
                    f"score both with the same {name}"
                )


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


class PairValues(Frozen):
    """What one pair contributed at one layer, so that every aggregate can be recomputed.

    cosine: of the matched pair; mismatched: mean cosine of its source with every wrong target and of its target with
    every wrong source; rank_forward, rank_backward: rank of the first accepted translation, 1 is a hit.
    """

    concept: str
    split: Split
    source: str
    target: str
    layer: str
    state: State
    cosine: float
    mismatched: float | None
    rank_forward: int | None
    rank_backward: int | None


Curve = list[float | None]


class Spelling(Frozen):
    """Retrieval by edit similarity alone over the `n` pairs of a split: what a model must beat."""

    n: int
    p1: float
    p1_forward: float
    p1_backward: float
    mrr: float


class StratumScore(Frozen):
    """Scores of a part of a split's pairs, each still ranked against the whole pool.

    kind: what the pairs are told apart by (`overlap`, `form`, `pos`, `source tokens`, `target tokens`).
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

    quantity: `gap change` with an adapter, `gap` of the base alone; sd: its standard deviation over pairs.
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

    quantity: `gap change` or `gap`; what was tested against zero on `split`.
    """

    split: Split
    quantity: str
    tests: list[LayerTest]


class Controls(Frozen):
    """What stands beside the scores, so that none is believed for the wrong reason.

    first_pooled: whether position 0, where an attention sink sits, is in the pooled vector. strata, nulls, contrasts
    and power are at the shown layers only. See docs/measures.md.
    """

    first_pooled: bool | None = None
    spelling: dict[Split, Spelling] = Field(default_factory=dict)
    strata: list[StratumScore] = Field(default_factory=list)
    nulls: list[PermutationNull] = Field(default_factory=list)
    contrasts: list[Contrast] = Field(default_factory=list)
    power: list[Power] = Field(default_factory=list)
    family: Family | None = None


class RunRecord(Frozen):
    """One scored unit: a model, maybe an adapter, a task and a pair under one protocol.

    curves: `curves[split][state][measure]` is one value a layer, in the order of `signature.layers`; None is unscored.
    best_layer: per state, the layer with the best dev MRR (never chosen on train or control).
    controls: None in records made before there were any. unscored: why a value is missing, one line each.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    task: str
    pair: str
    signature: Signature
    created: str
    command: str
    source_commit: str | None = None
    best_layer: dict[str, str]
    best_layer_rule: str
    curves: dict[Split, dict[str, dict[str, Curve]]]
    comparisons: list[Comparison]
    values: list[PairValues]
    verdicts: dict[str, str]
    controls: Controls | None = None
    unscored: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _consistent(self) -> "RunRecord":
        depth = len(self.signature.layers)
        for split, states in self.curves.items():
            for state, measures in states.items():
                for name, curve in measures.items():
                    if len(curve) != depth:
                        raise ValueError(f"curve {split}/{state}/{name} has {len(curve)} values for {depth} layers")
        for state, layer in self.best_layer.items():
            if layer not in self.signature.layers:
                raise ValueError(f"best layer {layer!r} of {state} is not among the signature's layers")
        if self.pair != self.signature.pair:
            raise ValueError(f"pair {self.pair!r} disagrees with the signature's {self.signature.pair!r}")
        return self


class DownstreamRecord(Frozen):
    """Scores of one downstream task for the base and, with an adapter, the adapted model, from one load.

    source: where the documents came from. scores: by state, then metric; None is unscored. layers, curves: of a task
    read from hidden states, `curves[state][metric]` is one value a layer; empty for other tasks. model, revision,
    adapter, dtype, quantization: as in the alignment records' signatures, which is what joins them.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    task: str
    task_version: int | float | None
    source: str
    documents: int
    limit: int | None
    model: str
    revision: str
    adapter: AdapterRef | None
    dtype: str
    quantization: str | None
    scores: dict[State, dict[str, float | None]]
    higher_is_better: dict[str, bool]
    layers: tuple[str, ...] = ()
    curves: dict[State, dict[str, Curve]] = Field(default_factory=dict)
    versions: dict[str, str]
    created: str

    @model_validator(mode="after")
    def _consistent(self) -> "DownstreamRecord":
        if "base" not in self.scores or ("adapted" in self.scores) != (self.adapter is not None):
            expected = "base and adapted" if self.adapter else "base alone, since no adapter is named"
            raise ValueError(f"scores of {', '.join(self.scores) or 'no state'}; expected {expected}")
        for state, measures in self.curves.items():
            for name, curve in measures.items():
                if len(curve) != len(self.layers):
                    raise ValueError(f"curve {state}/{name} has {len(curve)} values for {len(self.layers)} layers")
        return self

    @property
    def fixtures(self) -> bool:
        """Whether the documents are the small samples that ship with the project: they are never a benchmark."""
        return "fixtures:" in self.source


Record = RunRecord | DownstreamRecord
_Model = TypeVar("_Model", RunRecord, DownstreamRecord)


def parse_record(data: dict[str, Any], *, where: str) -> RunRecord:
    """A validated alignment record from untrusted JSON data; `where` names the file in the error.

    Raises ResultError for an unknown schema version or an invalid field.
    """
    return _parse(RunRecord, data, where)


def parse_downstream(data: dict[str, Any], *, where: str) -> DownstreamRecord:
    """A validated downstream record, as `parse_record`."""
    return _parse(DownstreamRecord, data, where)


def _parse(kind: type[_Model], data: dict[str, Any], where: str) -> _Model:
    version = data.get("schema_version")
    if version != SCHEMA_VERSION:
        raise ResultError(f"{where}: schema version {version!r} is unknown; this tli-bench reads {SCHEMA_VERSION}")
    try:
        return kind.model_validate(data)
    except ValidationError as err:
        first = err.errors()[0]
        place = ".".join(str(p) for p in first["loc"]) or "record"
        raise ResultError(f"{where}: {place}: {first['msg']}") from err
