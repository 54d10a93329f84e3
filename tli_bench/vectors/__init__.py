"""Vectors: words in, pooled hidden states of every layer out. Names load on first use, so that protocols never load torch."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tli_bench.models.body import blocks_of as blocks_of
    from tli_bench.models.body import body_of as body_of
    from tli_bench.vectors.extract import FirstPosition as FirstPosition
    from tli_bench.vectors.extract import States as States
    from tli_bench.vectors.extract import all_layers as all_layers
    from tli_bench.vectors.extract import extract as extract
    from tli_bench.vectors.extract import layer_names as layer_names
    from tli_bench.vectors.inputs import Encoded as Encoded
    from tli_bench.vectors.inputs import encode_words as encode_words
    from tli_bench.vectors.inputs import tokens_policy as tokens_policy
    from tli_bench.vectors.pooling import pooling_weights as pooling_weights
    from tli_bench.vectors.pooling import rest_weights as rest_weights
    from tli_bench.vectors.protocols import Pooling as Pooling
    from tli_bench.vectors.store import StateStore as StateStore
    from tli_bench.vectors.store import WordStates as WordStates

_ROOMS = {
    "models.body": ("blocks_of", "body_of"),
    "vectors.extract": ("FirstPosition", "States", "all_layers", "extract", "layer_names"),
    "vectors.inputs": ("Encoded", "encode_words", "tokens_policy"),
    "vectors.pooling": ("pooling_weights", "rest_weights"),
    "vectors.protocols": ("Pooling",),
    "vectors.store": ("StateStore", "WordStates"),
}
_FACADE = {name: f"tli_bench.{room}" for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a facade name on first use (PEP 562)."""
    if name in _FACADE:
        return getattr(import_module(_FACADE[name]), name)
    raise AttributeError(f"module 'tli_bench.vectors' has no attribute {name!r}")
