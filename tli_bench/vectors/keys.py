"""Everything that determines a text's pooled states besides the text itself."""

from typing import NamedTuple

from tli_bench.models.identity import State
from tli_bench.models.live import Fingerprint
from tli_bench.vectors.inputs import Framing
from tli_bench.vectors.protocols import Pooling


class Key(NamedTuple):
    """weights, adapter, tokenizer: fingerprints (`tli_bench.models.live`); adapter is empty for the base.

    state: of the model, or `placebo`, whose weights and layers stand with the adapter.
    """

    weights: str
    adapter: str
    tokenizer: str
    state: str
    framing: Framing
    poolings: tuple[Pooling, ...]
    neurons: bool = False


def key_of(
    held: Fingerprint,
    twin: str,
    state: State,
    framing: Framing,
    poolings: tuple[Pooling, ...],
    *,
    neurons: bool = False,
) -> Key:
    """The key of one state of a model. twin: digest of the twin's weights."""
    adapter = {"base": "", "adapted": held.adapter, "twin": f"{held.adapter} {twin}"}[state]
    return Key(held.weights, adapter, held.tokenizer, state, framing, poolings, neurons)
