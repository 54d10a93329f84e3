"""Which hidden states a loss is taken at: from names to blocks, checked against the model."""

from collections.abc import Sequence
from dataclasses import dataclass

from tli_bench.base.errors import InputError
from tli_bench.models.body import blocks_of
from tli_bench.models.types import Model
from tli_bench.training.recipe import AUTO, BEFORE_NORM, OUTPUT


@dataclass(frozen=True, slots=True)
class Target:
    """One hidden state. block: how many blocks lie below it; after_norm: it is the model's final, normed state."""

    name: str
    block: int
    after_norm: bool


def resolve_targets(model: Model, layers: Sequence[str]) -> tuple[Target, ...]:
    """Targets of `layers` (numbers, `Lp`, `output`, `before-norm`) in this model, without repeats.

    `L` and `output` are after the final norm, `Lp` and `before-norm` before it, as in `vectors.extract.layer_names`. Raises
    InputError for a layer beyond the model, for the embeddings, and for `auto`, which must be resolved before.
    """
    depth = len(blocks_of(model))
    found: dict[str, Target] = {}
    for layer in layers:
        if layer in (OUTPUT, str(depth)):
            target = Target(str(depth), depth, True)
        elif layer in (BEFORE_NORM, f"{depth}p"):
            target = Target(f"{depth}p", depth, False)
        elif layer.isdigit() and 0 < int(layer) < depth:
            target = Target(str(int(layer)), int(layer), False)
        elif layer == AUTO:
            raise InputError("layer auto is chosen on the dev split before a model is built for it; name a layer here")
        else:
            raise InputError(
                f"layer {layer!r} is not a hidden state that training can reach: this model has {depth} blocks, so use "
                f"1 to {depth}, {OUTPUT} or {BEFORE_NORM}"
            )
        found.setdefault(target.name, target)
    return tuple(found.values())
