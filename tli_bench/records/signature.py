"""What must be known about two scores before they may be compared."""

from pydantic import Field, NonNegativeInt

from tli_bench.base.errors import ResultError
from tli_bench.base.frozen import Frozen, Seed
from tli_bench.config.facts import AGREE
from tli_bench.lexicon.core import AUDIT_NAME
from tli_bench.models.identity import AdapterRef, TrainingRef
from tli_bench.models.packaged import Package


class Signature(Frozen):
    """Everything that must be known before two scores may be compared.

    protocol: name and version of the measuring protocol (`words.v2`).
    tokens: how a word became tokens: what the tokenizer adds by itself (`bos`, `no-bos`, `bos+eos`), then what the protocol puts
    before the word (`lead="." space=yes`).
    own_sink: share of the words with an attention sink on a token of their own, None where that was not measured.
    lexicon, lexicon_hash: id with version, and SHA-256 of its content and splits.
    revision: Hub commit, or fingerprint of a local model's files; package: which package those files came in, if any;
    parameters: how many numbers the model has, without an adapter; None in records from before they were counted.
    n: number of pairs in each split; limit: the `--limit` that was in force, None for all pairs.
    seen_control: control concepts that were left out because the training saw their words; training_unknown: whether it may have
    seen more; seen_train: how many of the scored words of the train split a training on this pair saw, None without such a training,
    where it may have seen more, and in records from before they were counted; trained_words: SHA-256 of the words that were declared
    as trained, None where none were.
    adapter: what was attached to the model; training: how the model itself was fully fine-tuned, None where it was not.
    first_blocks: how many blocks were loaded where these were not all; the last layer is then the output of the last of them.
    tokenizer: fingerprint of the tokenizer, where it was not the model's own.
    twin: hash of the adapter scored as the adapter's twin; placebo: how many adapters of random weights were scored.
    """

    protocol: str
    pooling: str
    layers: tuple[str, ...]
    tokens: str
    own_sink: float | None = None
    lexicon: str
    lexicon_hash: str
    split_seed: Seed
    pair: str
    n: dict[str, NonNegativeInt]
    limit: int | None = Field(default=None, ge=1)
    allow_leakage: bool = False
    leaking: bool = False
    seen_control: tuple[str, ...] = ()
    training_unknown: bool = False
    seen_train: int | None = Field(default=None, ge=0)
    trained_words: str | None = None
    skip_gate: bool = False
    any_base: bool = False
    model: str
    revision: str
    package: Package | None = None
    parameters: int | None = Field(default=None, ge=0)
    adapter: AdapterRef | None = None
    twin: str | None = None
    placebo: int = Field(default=0, ge=0)
    training: TrainingRef | None = None
    first_blocks: int | None = Field(default=None, ge=1)
    tokenizer: str | None = None
    dtype: str
    quantization: str | None = None
    seed: Seed
    measures: str
    versions: dict[str, str]

    @property
    def audit(self) -> bool:
        """Whether the audit words of the core lexicon stand in for its control words."""
        return self.lexicon.startswith(f"{AUDIT_NAME} ")

    def require_comparable(self, other: "Signature") -> None:
        """Raise ResultError naming the first field that must agree between two compared scores and does not."""
        for name in AGREE:
            ours, theirs = getattr(self, name), getattr(other, name)
            if ours != theirs:
                raise ResultError(
                    f"not comparable: {name} is {ours!r} in one score and {theirs!r} in the other; "
                    f"score both with the same {name}"
                )
