"""What was scored: the identity of a model, of its adapter and of its training, as signatures state them."""

from dataclasses import dataclass
from typing import Any, Literal

from tli_bench.base.frozen import Frozen
from tli_bench.lexicon.trained import NOTHING, Trained
from tli_bench.models.packaged import Package

State = Literal["base", "adapted", "twin"]
"""The states, all from one load: the model without its adapter, with it, and with the adapter's twin in its place.

A twin is the same recipe, seed and budget, trained on shuffled pairs.
"""
BEFORE_AFTER: tuple[State, ...] = ("base", "adapted")
"""The states that stand side by side in tables; a twin is read next to them, and never chooses what is shown."""


class AdapterRef(Frozen):
    """Which adapter was scored: its name for people, its hash for machines.

    trainable_parameters: how many numbers received gradient, according to its card; without a card, all that it holds.
    loss_layers: where the loss was taken, by layer name; trained_on: language pair; seed: of the training; settings: SHA-256 of
    everything else that the training was told (`models.tuned.settings_of`), the same for trainings that differ by their seed
    alone. All from the card, empty without one.
    """

    name: str
    sha256: str
    recipe: str | None = None
    rank: int | None = None
    trainable_parameters: int | None = None
    loss_layers: tuple[str, ...] = ()
    trained_on: str | None = None
    seed: int | None = None
    settings: str | None = None


class TrainingRef(Frozen):
    """How tli-bench trained the scored model itself from another, according to the `tli_card.json` in its folder.

    name: of the fine-tuned model, for people. base, base_revision: what it was trained from: the `model` and `revision` of
    that model's own signatures, so that the two can be recognised as belonging together. The rest as in AdapterRef.
    """

    kind: Literal["full"]
    name: str
    recipe: str | None = None
    base: str
    base_revision: str | None = None
    trainable_parameters: int | None = None
    loss_layers: tuple[str, ...] = ()
    trained_on: str | None = None
    seed: int | None = None
    settings: str | None = None


def alike(trained: AdapterRef | TrainingRef) -> tuple[object, ...]:
    """What trainings on the same base share that differ by their seed alone.

    They state the same settings (`models.tuned.settings_of`). Records from before settings were stated share recipe, pair, loss layers and
    number of parameters. A training that states no recipe is like no other.
    """
    if not trained.recipe:
        return (trained.sha256 if isinstance(trained, AdapterRef) else trained.name,)
    return (trained.recipe, trained.trained_on, trained.loss_layers, trained.trainable_parameters, trained.settings)


@dataclass(frozen=True, slots=True)
class MeasuredModel:
    """Identity of the model that the states come from, for the signature.

    trained: what its adapter, and the model itself if tli-bench tuned it, have been trained on.
    twin: hash of the adapter that is scored as its twin. placebo: how many placebos were asked for, None where their
    cost decides. notes: what was to be scored and is not, and why, one sentence each. package: what the model came in.
    parameters: how many numbers the model has, without an adapter; None where that was not counted. first_blocks: how many blocks were
    loaded, where not all. tokenizer: its fingerprint, where it is not the model's own. engine: what answers prompts in place of
    transformers, with its version.
    """

    id: str
    revision: str
    dtype: str
    quantization: str | None
    tokens: str
    adapter: AdapterRef | None
    training: TrainingRef | None = None
    any_base: bool = False
    skip_gate: bool = False
    trained: Trained = NOTHING
    twin: str | None = None
    placebo: int | None = 0
    notes: tuple[str, ...] = ()
    package: Package | None = None
    parameters: int | None = None
    first_blocks: int | None = None
    tokenizer: str | None = None
    engine: str | None = None

    def signed(self) -> dict[str, Any]:
        """What a signature states of the model, by its fields (`records.signature.Signature`)."""
        same = (
            "revision", "package", "parameters", "adapter", "twin", "training", "first_blocks", "tokenizer", "dtype", "quantization",
            "skip_gate", "any_base",
        )  # fmt: skip
        return {"model": self.id, "placebo": self.placebo or 0} | {name: getattr(self, name) for name in same}
