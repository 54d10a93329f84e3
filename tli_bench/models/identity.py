"""What was scored: the identity of a model, of its adapter and of its training, as signatures state them."""

from dataclasses import dataclass
from typing import Literal

from tli_bench.base.frozen import Frozen
from tli_bench.lexicon.trained import NOTHING, Trained

State = Literal["base", "adapted"]
"""The two states: the model without and with its adapter, both from one load."""


class AdapterRef(Frozen):
    """Which adapter was scored: its name for people, its hash for machines.

    trainable_parameters: how many numbers received gradient, according to its card; without a card, all that it holds.
    loss_layers: where the loss was taken, by layer name; trained_on: language pair. Both from the card, empty without one.
    """

    name: str
    sha256: str
    recipe: str | None = None
    rank: int | None = None
    trainable_parameters: int | None = None
    loss_layers: tuple[str, ...] = ()
    trained_on: str | None = None


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


@dataclass(frozen=True, slots=True)
class MeasuredModel:
    """Identity of the model that the states come from, for the signature.

    trained: what its adapter, and the model itself if tli-bench tuned it, have been trained on.
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
