"""States that are not numbers: where they begin, and when that is an error and not a word without a score."""

import torch

from tli_bench.base.errors import AdapterError, GateError
from tli_bench.vectors.extract import States


def broken(states: States) -> torch.Tensor:
    """Which states hold NaN or infinity: bool `[layers, words]`, over all poolings."""
    found = [~vectors.isfinite().all(dim=-1) for vectors in states.vectors.values()]
    return torch.stack(found).any(dim=0)


def require_some(states: States) -> None:
    """Raise GateError when no word has a state at some layer: nothing of it could be scored, whatever was skipped."""
    for layer, words in zip(states.layers, broken(states), strict=True):
        if len(words) and bool(words.all()):
            raise GateError(
                f"the hidden states at layer {layer} are NaN or infinite for every text, so nothing can be scored; try another --dtype, "
                "or check the model's files"
            )


def require_as_base(states: States, base: States, *, state: str, dtype: str) -> None:
    """Raise AdapterError where an adapter breaks states that are numbers in the base. base: states of the same texts."""
    new = broken(states) & ~broken(base)
    if not new.any():
        return
    layer = states.layers[int(new.any(dim=1).nonzero()[0])]
    count = int(new.any(dim=0).sum())
    raise AdapterError(
        f"with the {'twin' if state == 'twin' else 'adapter'} the hidden states from layer {layer} on are NaN or infinite for {count} of "
        f"{new.shape[1]} texts, where those of the base are not: its weights are too large for {dtype}; try --dtype float32, or train it "
        "again with a lower learning rate"
    )
